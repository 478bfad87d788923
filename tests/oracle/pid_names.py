"""PID names of node keys by the package `blake3`: pid_names.py KEY… prints a JSON object."""

import json
import sys

import model

print(json.dumps(model.pid_names(sys.argv[1:])))
