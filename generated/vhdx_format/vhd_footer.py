# This is a generated file! Please edit source .ksy file and use kaitai-struct-compiler to rebuild
# type: ignore

import kaitaistruct
from kaitaistruct import KaitaiStruct, KaitaiStream, BytesIO
import collections


if getattr(kaitaistruct, 'API_VERSION', (0, 9)) < (0, 11):
    raise Exception("Incompatible Kaitai Struct Python API: 0.11 or later is required, but you have %s" % (kaitaistruct.__version__))

class VhdFooter(KaitaiStruct):
    """The last 512 bytes of a fixed VHD, the older format: before them stands the disk, byte for byte. No part of a VHDX;
    it is here because disks are converted to it. Unlike everything in VHDX its integers are big-endian.
    
    .. seealso::
       VHD 1.0
    """
    SEQ_FIELDS = ["cookie", "features", "format_version", "data_offset", "time_stamp", "creator_application", "creator_version", "creator_host_os", "original_size", "current_size", "cylinders", "heads", "sectors_per_track", "disk_type", "checksum", "unique_id", "saved_state", "reserved"]
    def __init__(self, _io, _parent=None, _root=None):
        super(VhdFooter, self).__init__(_io)
        self._parent = _parent
        self._root = _root or self
        self._debug = collections.defaultdict(dict)

    def _read(self):
        self._debug['cookie']['start'] = self._io.pos()
        self.cookie = self._io.read_bytes(8)
        self._debug['cookie']['end'] = self._io.pos()
        self._debug['features']['start'] = self._io.pos()
        self.features = self._io.read_u4be()
        self._debug['features']['end'] = self._io.pos()
        self._debug['format_version']['start'] = self._io.pos()
        self.format_version = self._io.read_u4be()
        self._debug['format_version']['end'] = self._io.pos()
        self._debug['data_offset']['start'] = self._io.pos()
        self.data_offset = self._io.read_u8be()
        self._debug['data_offset']['end'] = self._io.pos()
        self._debug['time_stamp']['start'] = self._io.pos()
        self.time_stamp = self._io.read_u4be()
        self._debug['time_stamp']['end'] = self._io.pos()
        self._debug['creator_application']['start'] = self._io.pos()
        self.creator_application = self._io.read_bytes(4)
        self._debug['creator_application']['end'] = self._io.pos()
        self._debug['creator_version']['start'] = self._io.pos()
        self.creator_version = self._io.read_u4be()
        self._debug['creator_version']['end'] = self._io.pos()
        self._debug['creator_host_os']['start'] = self._io.pos()
        self.creator_host_os = self._io.read_bytes(4)
        self._debug['creator_host_os']['end'] = self._io.pos()
        self._debug['original_size']['start'] = self._io.pos()
        self.original_size = self._io.read_u8be()
        self._debug['original_size']['end'] = self._io.pos()
        self._debug['current_size']['start'] = self._io.pos()
        self.current_size = self._io.read_u8be()
        self._debug['current_size']['end'] = self._io.pos()
        self._debug['cylinders']['start'] = self._io.pos()
        self.cylinders = self._io.read_u2be()
        self._debug['cylinders']['end'] = self._io.pos()
        self._debug['heads']['start'] = self._io.pos()
        self.heads = self._io.read_u1()
        self._debug['heads']['end'] = self._io.pos()
        self._debug['sectors_per_track']['start'] = self._io.pos()
        self.sectors_per_track = self._io.read_u1()
        self._debug['sectors_per_track']['end'] = self._io.pos()
        self._debug['disk_type']['start'] = self._io.pos()
        self.disk_type = self._io.read_u4be()
        self._debug['disk_type']['end'] = self._io.pos()
        self._debug['checksum']['start'] = self._io.pos()
        self.checksum = self._io.read_u4be()
        self._debug['checksum']['end'] = self._io.pos()
        self._debug['unique_id']['start'] = self._io.pos()
        self.unique_id = self._io.read_bytes(16)
        self._debug['unique_id']['end'] = self._io.pos()
        self._debug['saved_state']['start'] = self._io.pos()
        self.saved_state = self._io.read_u1()
        self._debug['saved_state']['end'] = self._io.pos()
        self._debug['reserved']['start'] = self._io.pos()
        self.reserved = self._io.read_bytes(427)
        self._debug['reserved']['end'] = self._io.pos()


    def _fetch_instances(self):
        pass


