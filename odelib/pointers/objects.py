"""The names that an object file asks for: what has to be there before its code can be linked."""

import struct


def undefined_symbols(code):
    """Names of the functions and variables that this object file uses and does not hold.

    Raises
    ------
    ValueError
        It is of none of the formats that LLVM writes: ELF, Mach-O, COFF.
    """
    try:
        if code[:4] == b"\x7fELF":
            return list(_of_elf(code))
        if code[:4] == b"\xcf\xfa\xed\xfe":
            return list(_of_mach_o(code))
        return list(_of_coff(code))
    except (struct.error, IndexError):
        raise ValueError("not an object file") from None


def _text(code, start):
    return code[start : code.index(b"\0", start)].decode()


def _of_elf(code):
    end = "<>"[code[5] - 1]
    (headers,) = struct.unpack_from(end + "Q", code, 40)
    size, count = struct.unpack_from(end + "2H", code, 58)

    def section(i):  # kind, offset, size, link
        fields = struct.unpack_from(end + "2I4Q2I2Q", code, headers + size * i)
        return fields[1], fields[4], fields[5], fields[6]

    for i in range(count):
        kind, start, length, link = section(i)
        if kind == 2:  # the table of symbols
            names = section(link)[1]
            for at in range(start, start + length, 24):
                name, _, _, where = struct.unpack_from(end + "I2BH", code, at)
                if name and where == 0:
                    yield _text(code, names + name)


def _of_mach_o(code):
    (count,) = struct.unpack_from("<I", code, 16)
    at = 32
    for _ in range(count):
        command, size = struct.unpack_from("<2I", code, at)
        if command == 2:  # the table of symbols
            symbols, length, names = struct.unpack_from("<3I", code, at + 8)
            for entry in range(symbols, symbols + 16 * length, 16):
                name, kind, _, _, value = struct.unpack_from("<I2BHQ", code, entry)
                if kind & 0x0E == 0 and value == 0:
                    yield _text(code, names + name).removeprefix("_")
        at += size


def _of_coff(code):
    symbols, count = struct.unpack_from("<2I", code, 8)
    names, i = symbols + 18 * count, 0
    while i < count:
        at = symbols + 18 * i
        zero, name, value, where, _, kind, more = struct.unpack_from("<3Ih H2B", code, at)
        if where == 0 and value == 0 and kind == 2:
            yield code[at : at + 8].rstrip(b"\0").decode() if zero else _text(code, names + name)
        i += 1 + more
