"""HTTP Digest by `requests`: digest.py URL CA-FILE USER PASSWORD. Exits 0 if all is as RFC 7616 says."""

import sys

import requests
from requests.auth import HTTPDigestAuth

url, ca, user, password = sys.argv[1:]


def expect(what, found, wanted):
    if found != wanted:
        sys.exit(f"{what}: {found!r}, expected {wanted!r}")


# Several requests with one nonce, counted up.
session = requests.Session()
session.trust_env = False  # or REQUESTS_CA_BUNDLE would win over `verify`
session.verify, session.auth = ca, HTTPDigestAuth(user, password)
answers = [session.get(url) for _ in range(3)]
expect("statuses", [answer.status_code for answer in answers], [200, 200, 200])
expect("challenges", [len(answer.history) for answer in answers], [1, 0, 0])

# RFC 7616 §5.5: what was sent once is good for nothing.
headers = {"Authorization": answers[-1].request.headers["Authorization"]}
replayed = requests.get(url, verify=ca, headers=headers)
expect("replay", replayed.status_code, 401)
expect("stale", "stale=true" in replayed.headers["WWW-Authenticate"], True)
elsewhere = requests.get(url + "?other", verify=ca, headers=headers)
expect("for another target", elsewhere.status_code, 401)

for other_user, other_password in [(user, "another password"), ("nobody", password)]:
    wrong = requests.get(url, verify=ca, auth=HTTPDigestAuth(other_user, other_password))
    expect("wrong", wrong.status_code, 401)
    expect("not stale", "stale" in wrong.headers["WWW-Authenticate"], False)
