"""A BitTorrent peer (libtorrent) without DHT, peer exchange and local discovery.

peer.py make FOLDER TRACKER PIECE-BYTES    film.bin of FOLDER becomes FOLDER/film.torrent
peer.py seed|get TORRENT FOLDER ADDRESS    says "ready", begins at a line of standard input, says
                                           "begun" when the tracker knows it (seed) or it has met
                                           another (get), "done" when all is there, and goes on
                                           until it is killed
"""

import os
import sys
import time

import libtorrent

# As in create_torrent.hpp; Debian's binding has no name for it.
V1_ONLY = 1 << 6
SETTINGS = {
    "enable_dht": False,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
    "enable_outgoing_utp": False,
    "enable_incoming_utp": False,
    "connections_limit": 50,
    "unchoke_slots_limit": 8,
    "connection_speed": 50,
    "min_reconnect_time": 5,
    "peer_connect_timeout": 10,
    "min_announce_interval": 5,
    "aio_threads": 1,
    "hashing_threads": 1,
    "alert_mask": 0,
}


def make(folder, tracker, piece_bytes):
    files = libtorrent.file_storage()
    files.add_file("film.bin", os.path.getsize(f"{folder}/film.bin"))
    torrent = libtorrent.create_torrent(files, piece_bytes, V1_ONLY)
    torrent.add_tracker(tracker)
    torrent.set_priv(True)
    libtorrent.set_piece_hashes(torrent, folder)
    with open(f"{folder}/film.torrent", "wb") as out:
        out.write(libtorrent.bencode(torrent.generate()))


def wait(is_so, transfer):
    while not is_so(transfer.status()):
        time.sleep(0.05)


def run(seeds, torrent, folder, address):
    session = libtorrent.session({**SETTINGS, "listen_interfaces": f"{address}:6881"}, flags=0)
    print("ready", flush=True)
    sys.stdin.readline()
    added = libtorrent.add_torrent_params()
    added.ti = libtorrent.torrent_info(torrent)
    added.save_path = folder
    if seeds:
        added.flags |= libtorrent.torrent_flags.seed_mode
    added.flags &= ~libtorrent.torrent_flags.auto_managed
    added.flags &= ~libtorrent.torrent_flags.paused
    transfer = session.add_torrent(added)
    wait(lambda now: now.current_tracker if seeds else now.num_peers or now.is_seeding, transfer)
    print("begun", flush=True)
    wait(lambda now: now.is_seeding, transfer)
    print("done", flush=True)
    while True:
        time.sleep(60)


if sys.argv[1] == "make":
    make(sys.argv[2], sys.argv[3], int(sys.argv[4]))
else:
    run(sys.argv[1] == "seed", *sys.argv[2:5])
