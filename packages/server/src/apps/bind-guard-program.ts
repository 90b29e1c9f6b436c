// What keeps apps' servers on loopback, as a program for Python's interpreter: Node cannot load programs into the kernel.

/**
 * Loads two BPF programs (types BPF_CGROUP_INET4_BIND and BPF_CGROUP_INET6_BIND, Linux 5.7) for all processes below the control group
 * argv[3]: where a process whose user id is at least argv[1] and below argv[2] binds a TCP socket to an address that is not a loopback
 * one, the address becomes 127.0.0.1 or ::1. Prints `ready`; they last until its input ends.
 */
export const BIND_GUARD = String.raw`
import ctypes, os, platform, signal, struct, sys

signal.signal(signal.SIGINT, signal.SIG_IGN)
first, end, group = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
if sys.byteorder != 'little':
    sys.exit('the order of bytes of this machine is not provided for')
bpf_number = {'x86_64': 321, 'aarch64': 280}[platform.machine()]
library = ctypes.CDLL(None, use_errno=True)

PROG_LOAD, LINK_CREATE, CGROUP_SOCK_ADDR = 5, 28, 18
# Places in struct bpf_sock_addr.
IP4, IP6, TYPE = 4, (8, 12, 16, 20), 32
STREAM = 1
LOOPBACK_4, LOOPBACK_6, MAPPED = 0x0100007F, 0x01000000, -65536

def call(command, attributes):
    buffer = ctypes.create_string_buffer(attributes, 128)
    result = library.syscall(bpf_number, command, buffer, 128)
    if result < 0:
        number = ctypes.get_errno()
        sys.exit(f'the kernel refuses it ({os.strerror(number)})')
    return result

def step(code, target=0, source=0, offset=0, value=0):
    return struct.pack('<BBhi', code, source << 4 | target, offset, value)

def load(register, offset): return step(0x61, register, 6, offset)
def store(offset, register): return step(0x63, 6, register, offset)
def put(register, value): return step(0xB4, register, value=value)
def low_byte(register): return step(0x57, register, value=0xFF)

# Jumps are (code, register, other register or value, label); a label is its name.
def equal(register, value, label): return (0x15, register, 0, value, label)
def unequal(register, value, label): return (0x55, register, 0, value, label)

def assemble(steps):
    places, count = {}, 0
    for each in steps:
        if isinstance(each, str): places[each] = count
        else: count += 1
    code, count = b'', 0
    for each in steps:
        if isinstance(each, str): continue
        if isinstance(each, tuple):
            kind, register, other, value, label = each
            each = step(kind, register, other, places[label] - count - 1, value)
        code += each
        count += 1
    return code

begin = [
    step(0xBF, 6, 1), step(0x85, value=15), step(0xBC, 0, 0),
    (0xA5, 0, 0, first, 'allow'), (0x35, 0, 0, end, 'allow'),
    load(1, TYPE), unequal(1, STREAM, 'allow'),
]
finish = ['allow', step(0xB7, 0, value=1), step(0x95)]
to_loopback_4 = lambda place: [load(1, place), low_byte(1), equal(1, 127, 'allow'), put(2, LOOPBACK_4), store(place, 2)]
bind4 = begin + to_loopback_4(IP4) + finish
bind6 = begin + [
    load(1, IP6[0]), unequal(1, 0, 'rewrite'), load(1, IP6[1]), unequal(1, 0, 'rewrite'),
    load(1, IP6[2]), put(2, MAPPED), (0x5D, 1, 2, 0, 'plain'),
    *to_loopback_4(IP6[3]), (0x05, 0, 0, 0, 'allow'),
    'plain', unequal(1, 0, 'rewrite'), load(1, IP6[3]), put(2, LOOPBACK_6), (0x1D, 1, 2, 0, 'allow'),
    'rewrite', put(2, 0), *[store(place, 2) for place in IP6[:3]], put(2, LOOPBACK_6), store(IP6[3], 2),
] + finish

def attach(steps, kind):
    code = assemble(steps)
    text, licence = ctypes.create_string_buffer(code, len(code)), ctypes.create_string_buffer(b'Apache-2.0')
    attributes = struct.pack(
        '<IIQQIIQII16sII', CGROUP_SOCK_ADDR, len(code) // 8, ctypes.addressof(text), ctypes.addressof(licence),
        0, 0, 0, 0, 0, b'lakelet_bind', 0, kind)
    return call(LINK_CREATE, struct.pack('<IIII', call(PROG_LOAD, attributes), os.open(group, os.O_RDONLY), kind, 0))

links = [attach(bind4, 8), attach(bind6, 9)]
print('ready', flush=True)
sys.stdin.read()
`
