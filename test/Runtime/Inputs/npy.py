"""Writes or prints .npy files without numpy, broken ones included.

usage: npy.py write FILE TYPE SHAPE [VALUE ...]   TYPE as numpy spells it ("<f4"), SHAPE as "2,3" ("" is a scalar); the values
                                                  repeat to fill the array (default 0 1 2 ...)
       npy.py header FILE TEXT [BYTES]            a version 1.0 file with this header and BYTES zero bytes of data
       npy.py print FILE                          type, shape and values on one line
"""
import ast
import struct
import sys

FORMATS = {"<f2": "e", "<f4": "f", "<f8": "d", "|b1": "?", "|i1": "b", "<i2": "h", "<i4": "i", "<i8": "q"}


def write_file(path, header, data):
    header = header.encode()
    header += b" " * (-(11 + len(header)) % 64) + b"\n"
    with open(path, "wb") as opened:
        opened.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data)


def write(path, kind, shape, *values):
    shape = tuple(int(extent) for extent in shape.split(",") if extent)
    count = 1
    for extent in shape:
        count *= extent
    convert = int if kind[1] in "ib" else float
    numbers = [convert(value) for value in values] or [convert(value) for value in range(max(count, 1))]
    numbers = [numbers[i % len(numbers)] for i in range(count)]
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}"
    write_file(path, header, struct.pack(f"<{count}{FORMATS[kind]}", *numbers))


def show(path):
    with open(path, "rb") as opened:
        data = opened.read()
    (length,) = struct.unpack("<H", data[8:10])
    assert (10 + length) % 64 == 0, "data is not aligned"
    header = ast.literal_eval(data[10:10 + length].decode())
    code = FORMATS[header["descr"]]
    values = [value for (value,) in struct.iter_unpack("<" + code, data[10 + length:])]
    print(header["descr"], header["shape"], *values)


if sys.argv[1] == "write":
    write(*sys.argv[2:])
elif sys.argv[1] == "header":
    write_file(sys.argv[2], sys.argv[3], b"\0" * int(sys.argv[4] if len(sys.argv) > 4 else 0))
else:
    show(sys.argv[2])
