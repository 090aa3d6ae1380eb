# This is a generated file! Please edit source .ksy file and use kaitai-struct-compiler to rebuild
# type: ignore

import kaitaistruct
from kaitaistruct import KaitaiStruct, KaitaiStream, BytesIO
import collections


if getattr(kaitaistruct, 'API_VERSION', (0, 9)) < (0, 11):
    raise Exception("Incompatible Kaitai Struct Python API: 0.11 or later is required, but you have %s" % (kaitaistruct.__version__))

class PackedImage(KaitaiStruct):
    """The start of a packed image: a file as what is written into zeros, small without a compressor. Operations follow to
    the end, each with its bytes. No part of VHDX: seeds of fuzzers and the conformance suite are stored so. Seeds have
    literals only; the suite has more operations. Later ones write over earlier ones, and what none writes is zero.
    
    .. seealso::
       Packed image 1
    """
    SEQ_FIELDS = ["magic", "file_length"]
    def __init__(self, _io, _parent=None, _root=None):
        super(PackedImage, self).__init__(_io)
        self._parent = _parent
        self._root = _root or self
        self._debug = collections.defaultdict(dict)

    def _read(self):
        self._debug['magic']['start'] = self._io.pos()
        self.magic = self._io.read_bytes(8)
        self._debug['magic']['end'] = self._io.pos()
        self._debug['file_length']['start'] = self._io.pos()
        self.file_length = self._io.read_u8le()
        self._debug['file_length']['end'] = self._io.pos()


    def _fetch_instances(self):
        pass

    class PackedRun(KaitaiStruct):
        """What an operation does, and where. Its bytes follow.
        
        .. seealso::
           Packed image 1
        """
        SEQ_FIELDS = ["kind", "offset", "length"]
        def __init__(self, _io, _parent=None, _root=None):
            super(PackedImage.PackedRun, self).__init__(_io)
            self._parent = _parent
            self._root = _root
            self._debug = collections.defaultdict(dict)

        def _read(self):
            self._debug['kind']['start'] = self._io.pos()
            self.kind = self._io.read_bytes(1)
            self._debug['kind']['end'] = self._io.pos()
            self._debug['offset']['start'] = self._io.pos()
            self.offset = self._io.read_u8le()
            self._debug['offset']['end'] = self._io.pos()
            self._debug['length']['start'] = self._io.pos()
            self.length = self._io.read_u8le()
            self._debug['length']['end'] = self._io.pos()


        def _fetch_instances(self):
            pass



