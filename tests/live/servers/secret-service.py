"""A Secret Service (https://specifications.freedesktop.org/secret-service) in memory, on a session bus of its own.

As much of it as clients use: plain and Diffie-Hellman sessions, one collection. With the argument `locked` everything is locked, and the user who is asked
never answers. Prints the address of the bus; ends, and the bus with it, when its stdin does.
"""
import asyncio, hashlib, hmac, os, subprocess, sys
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from dbus_next import BusType, Message, MessageType, Variant
from dbus_next.aio import MessageBus

ROOT = "/org/freedesktop/secrets"
COLLECTION = ROOT + "/collection/login"
PROMPT = ROOT + "/prompt/never"
# the second Oakley group, RFC 2409
PRIME = int("FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381FFFFFFFFFFFFFFFF", 16)
locked = "locked" in sys.argv
items, sessions = {}, {}


def crypt(key, iv, data, decrypt):
    cipher = Cipher(algorithms.AES(key), modes.CBC(iv))
    step = cipher.decryptor() if decrypt else cipher.encryptor()
    return step.update(data) + step.finalize()


def told(session, value):
    key = sessions[session]
    if key is None:
        return [session, b"", value, "text/plain"]
    iv, pad = os.urandom(16), 16 - len(value) % 16
    return [session, iv, crypt(key, iv, value + bytes([pad]) * pad, False), "text/plain"]


def heard(secret):
    session, iv, data, _ = secret
    if sessions[session] is None:
        return bytes(data)
    plain = crypt(sessions[session], bytes(iv), bytes(data), True)
    return plain[: -plain[-1]]


def open_session(algorithm, given):
    path = f"{ROOT}/session/s{len(sessions)}"
    if algorithm == "plain":
        sessions[path] = None
        return [Variant("s", ""), path]
    private = int.from_bytes(os.urandom(128), "big")
    shared = pow(int.from_bytes(bytes(given.value), "big"), private, PRIME).to_bytes(128, "big")
    extracted = hmac.new(b"\0" * 32, shared, hashlib.sha256).digest()
    sessions[path] = hmac.new(extracted, b"\x01", hashlib.sha256).digest()[:16]
    return [Variant("ay", pow(2, private, PRIME).to_bytes(128, "big")), path]


def properties(path):
    common = {"Locked": Variant("b", locked), "Created": Variant("t", 0), "Modified": Variant("t", 0)}
    if path in items:
        return {**common, "Attributes": Variant("a{ss}", items[path]["attributes"]), "Label": Variant("s", "")}
    return {**common, "Items": Variant("ao", list(items)), "Collections": Variant("ao", [COLLECTION]), "Label": Variant("s", "login")}


def answer(m):
    body, found = m.body, [path for path, item in items.items() if m.member == "SearchItems" and all(item["attributes"].get(k) == v for k, v in m.body[0].items())]
    if m.interface == "org.freedesktop.DBus.Properties":
        return ("v", [properties(m.path)[body[1]]]) if m.member == "Get" else ("a{sv}", [properties(m.path)])
    if m.member == "SearchItems":
        return ("ao", [found]) if m.path != ROOT else ("aoao", [[], found] if locked else [found, []])
    if m.member == "CreateItem":
        attributes = body[0]["org.freedesktop.Secret.Item.Attributes"].value
        path = next((p for p, item in items.items() if item["attributes"] == attributes), f"{COLLECTION}/i{len(items)}")
        items[path] = {"attributes": attributes, "value": heard(body[1])}
        return "oo", [path, "/"]
    if m.member == "SetSecret":
        items[m.path]["value"] = heard(body[0])
        return "", []
    if m.member == "Delete":
        items.pop(m.path, None)
        return "o", ["/"]
    simple = {
        "OpenSession": lambda: ("vo", open_session(*body)), "ReadAlias": lambda: ("o", [COLLECTION]), "Unlock": lambda: ("aoo", [[], PROMPT] if locked else [body[0], "/"]),
        "GetSecret": lambda: ("(oayays)", [told(body[0], items[m.path]["value"])]), "GetSecrets": lambda: ("a{o(oayays)}", [{p: told(body[1], items[p]["value"]) for p in body[0]}]),
    }
    return simple[m.member]() if m.member in simple else ("", [])


async def main():
    daemon = subprocess.Popen(["dbus-daemon", "--session", "--nofork", "--print-address"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    try:
        address = daemon.stdout.readline().strip()
        bus = await MessageBus(bus_address=address, bus_type=BusType.SESSION).connect()
        bus.add_message_handler(lambda m: Message.new_method_return(m, *answer(m)) if m.message_type == MessageType.METHOD_CALL and m.path.startswith(ROOT) else None)
        await bus.request_name("org.freedesktop.secrets")
        print(address, flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    finally:
        daemon.kill()


asyncio.run(main())
