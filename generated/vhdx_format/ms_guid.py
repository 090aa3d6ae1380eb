# This is a generated file! Please edit source .ksy file and use kaitai-struct-compiler to rebuild
# type: ignore

import kaitaistruct
from kaitaistruct import KaitaiStruct, KaitaiStream, BytesIO
import collections


if getattr(kaitaistruct, 'API_VERSION', (0, 9)) < (0, 11):
    raise Exception("Incompatible Kaitai Struct Python API: 0.11 or later is required, but you have %s" % (kaitaistruct.__version__))

class MsGuid(KaitaiStruct):
    """A 128-bit identifier. The first three groups of its text form are stored little-endian, the last two as written, so
    2DC27766-F623-4200-9D64-115E9BFD4A08 lies on disk as 66 77 C2 2D 23 F6 00 42 9D 64 11 5E 9B FD 4A 08. Two identifiers
    are equal when all sixteen stored bytes are equal; version and variant bits carry no meaning here.
    
    .. seealso::
       MS-DTYP 2.3.4.2
    """
    SEQ_FIELDS = ["raw"]
    def __init__(self, _io, _parent=None, _root=None):
        super(MsGuid, self).__init__(_io)
        self._parent = _parent
        self._root = _root or self
        self._debug = collections.defaultdict(dict)

    def _read(self):
        self._debug['raw']['start'] = self._io.pos()
        self.raw = self._io.read_bytes(16)
        self._debug['raw']['end'] = self._io.pos()


    def _fetch_instances(self):
        pass

    @property
    def data1(self):
        """First group of the text form, 32 bits."""
        if hasattr(self, '_m_data1'):
            return self._m_data1

        self._m_data1 = ((KaitaiStream.byte_array_index(self.raw, 0) + KaitaiStream.byte_array_index(self.raw, 1) * 256) + KaitaiStream.byte_array_index(self.raw, 2) * 65536) + KaitaiStream.byte_array_index(self.raw, 3) * 16777216
        return getattr(self, '_m_data1', None)

    @property
    def data2(self):
        """Second group, 16 bits."""
        if hasattr(self, '_m_data2'):
            return self._m_data2

        self._m_data2 = KaitaiStream.byte_array_index(self.raw, 4) + KaitaiStream.byte_array_index(self.raw, 5) * 256
        return getattr(self, '_m_data2', None)

    @property
    def data3(self):
        """Third group, 16 bits."""
        if hasattr(self, '_m_data3'):
            return self._m_data3

        self._m_data3 = KaitaiStream.byte_array_index(self.raw, 6) + KaitaiStream.byte_array_index(self.raw, 7) * 256
        return getattr(self, '_m_data3', None)

    @property
    def is_nil(self):
        """True for the identifier whose bytes are all zero; it never identifies anything."""
        if hasattr(self, '_m_is_nil'):
            return self._m_is_nil

        self._m_is_nil = self.raw == b"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
        return getattr(self, '_m_is_nil', None)


