# This is a generated file! Please edit source .ksy file and use kaitai-struct-compiler to rebuild
# type: ignore

import kaitaistruct
from kaitaistruct import KaitaiStruct, KaitaiStream, BytesIO
import collections


if getattr(kaitaistruct, 'API_VERSION', (0, 9)) < (0, 11):
    raise Exception("Incompatible Kaitai Struct Python API: 0.11 or later is required, but you have %s" % (kaitaistruct.__version__))

class FileIdentifier(KaitaiStruct):
    """The first 64 KiB of the file. It is written once, when the file is created, and never again.
    
    .. seealso::
       MS-VHDX 2.2.1
    """
    SEQ_FIELDS = ["signature", "creator", "reserved"]
    def __init__(self, _io, _parent=None, _root=None):
        super(FileIdentifier, self).__init__(_io)
        self._parent = _parent
        self._root = _root or self
        self._debug = collections.defaultdict(dict)

    def _read(self):
        self._debug['signature']['start'] = self._io.pos()
        self.signature = self._io.read_bytes(8)
        self._debug['signature']['end'] = self._io.pos()
        self._debug['creator']['start'] = self._io.pos()
        self.creator = self._io.read_bytes(512)
        self._debug['creator']['end'] = self._io.pos()
        self._debug['reserved']['start'] = self._io.pos()
        self.reserved = self._io.read_bytes(65016)
        self._debug['reserved']['end'] = self._io.pos()


    def _fetch_instances(self):
        pass

    @property
    def expected_signature(self):
        if hasattr(self, '_m_expected_signature'):
            return self._m_expected_signature

        self._m_expected_signature = b"\x76\x68\x64\x78\x66\x69\x6C\x65"
        return getattr(self, '_m_expected_signature', None)

    @property
    def signature_is_vhdxfile(self):
        """The file begins with the eight characters "vhdxfile"."""
        if hasattr(self, '_m_signature_is_vhdxfile'):
            return self._m_signature_is_vhdxfile

        self._m_signature_is_vhdxfile = self.signature == self.expected_signature
        return getattr(self, '_m_signature_is_vhdxfile', None)


