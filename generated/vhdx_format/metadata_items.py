# This is a generated file! Please edit source .ksy file and use kaitai-struct-compiler to rebuild
# type: ignore

import kaitaistruct
from kaitaistruct import KaitaiStruct, KaitaiStream, BytesIO
from . import ms_guid
import collections


if getattr(kaitaistruct, 'API_VERSION', (0, 9)) < (0, 11):
    raise Exception("Incompatible Kaitai Struct Python API: 0.11 or later is required, but you have %s" % (kaitaistruct.__version__))

class MetadataItems(KaitaiStruct):
    """The items of fixed form that the metadata table points at. Each type here is named as its GUID in metadata_table.ksy.
    
    .. seealso::
       MS-VHDX 2.6.2
    """
    SEQ_FIELDS = []
    def __init__(self, _io, _parent=None, _root=None):
        super(MetadataItems, self).__init__(_io)
        self._parent = _parent
        self._root = _root or self
        self._debug = collections.defaultdict(dict)

    def _read(self):
        pass


    def _fetch_instances(self):
        pass

    class ChsParameters(KaitaiStruct):
        """Disk geometry. Not in the specification; known from openvmm only, flags unknown.
        
        .. seealso::
           microsoft/openvmm vm/devices/storage/vhdx/src/format.rs
        """
        SEQ_FIELDS = ["heads_per_cylinder", "sectors_per_track"]
        def __init__(self, _io, _parent=None, _root=None):
            super(MetadataItems.ChsParameters, self).__init__(_io)
            self._parent = _parent
            self._root = _root
            self._debug = collections.defaultdict(dict)

        def _read(self):
            self._debug['heads_per_cylinder']['start'] = self._io.pos()
            self.heads_per_cylinder = self._io.read_u4le()
            self._debug['heads_per_cylinder']['end'] = self._io.pos()
            self._debug['sectors_per_track']['start'] = self._io.pos()
            self.sectors_per_track = self._io.read_u4le()
            self._debug['sectors_per_track']['end'] = self._io.pos()


        def _fetch_instances(self):
            pass


    class FileParameters(KaitaiStruct):
        """Block size and file type. HasParent makes it differencing; else LeaveBlockAllocated, fixed; else it is dynamic.
        
        .. seealso::
           MS-VHDX 2.6.2.1
        """
        SEQ_FIELDS = ["block_size", "leave_block_allocated", "has_parent", "reserved"]
        def __init__(self, _io, _parent=None, _root=None):
            super(MetadataItems.FileParameters, self).__init__(_io)
            self._parent = _parent
            self._root = _root
            self._debug = collections.defaultdict(dict)

        def _read(self):
            self._debug['block_size']['start'] = self._io.pos()
            self.block_size = self._io.read_u4le()
            self._debug['block_size']['end'] = self._io.pos()
            self._debug['leave_block_allocated']['start'] = self._io.pos()
            self.leave_block_allocated = self._io.read_bits_int_le(1) != 0
            self._debug['leave_block_allocated']['end'] = self._io.pos()
            self._debug['has_parent']['start'] = self._io.pos()
            self.has_parent = self._io.read_bits_int_le(1) != 0
            self._debug['has_parent']['end'] = self._io.pos()
            self._debug['reserved']['start'] = self._io.pos()
            self.reserved = self._io.read_bits_int_le(30)
            self._debug['reserved']['end'] = self._io.pos()


        def _fetch_instances(self):
            pass

        @property
        def block_size_is_in_range(self):
            """A block is from 1 MiB to 256 MiB large."""
            if hasattr(self, '_m_block_size_is_in_range'):
                return self._m_block_size_is_in_range

            self._m_block_size_is_in_range =  ((self.block_size >= self.block_size_min) and (self.block_size <= self.block_size_max)) 
            return getattr(self, '_m_block_size_is_in_range', None)

        @property
        def block_size_is_power_of_two(self):
            """The block size is a power of two."""
            if hasattr(self, '_m_block_size_is_power_of_two'):
                return self._m_block_size_is_power_of_two

            self._m_block_size_is_power_of_two =  ((self.block_size > 0) and (self.block_size & self.block_size - 1 == 0)) 
            return getattr(self, '_m_block_size_is_power_of_two', None)

        @property
        def block_size_max(self):
            if hasattr(self, '_m_block_size_max'):
                return self._m_block_size_max

            self._m_block_size_max = 268435456
            return getattr(self, '_m_block_size_max', None)

        @property
        def block_size_min(self):
            if hasattr(self, '_m_block_size_min'):
                return self._m_block_size_min

            self._m_block_size_min = 1048576
            return getattr(self, '_m_block_size_min', None)

        @property
        def flags_do_not_conflict(self):
            """Not both LeaveBlockAllocated and HasParent are set. Both is legal: then the first one does not count."""
            if hasattr(self, '_m_flags_do_not_conflict'):
                return self._m_flags_do_not_conflict

            self._m_flags_do_not_conflict =  (((not (self.leave_block_allocated))) or ((not (self.has_parent)))) 
            return getattr(self, '_m_flags_do_not_conflict', None)

        @property
        def reserved_is_zero(self):
            """No bit of the flag word is set but the lowest two."""
            if hasattr(self, '_m_reserved_is_zero'):
                return self._m_reserved_is_zero

            self._m_reserved_is_zero = self.reserved == 0
            return getattr(self, '_m_reserved_is_zero', None)


    class LogicalSectorSize(KaitaiStruct):
        """Sector size that the guest addresses; it fixes the size of a chunk.
        
        .. seealso::
           MS-VHDX 2.6.2.4
        """
        SEQ_FIELDS = ["logical_sector_size"]
        def __init__(self, _io, _parent=None, _root=None):
            super(MetadataItems.LogicalSectorSize, self).__init__(_io)
            self._parent = _parent
            self._root = _root
            self._debug = collections.defaultdict(dict)

        def _read(self):
            self._debug['logical_sector_size']['start'] = self._io.pos()
            self.logical_sector_size = self._io.read_u4le()
            self._debug['logical_sector_size']['end'] = self._io.pos()


        def _fetch_instances(self):
            pass

        @property
        def sector_size_4096(self):
            if hasattr(self, '_m_sector_size_4096'):
                return self._m_sector_size_4096

            self._m_sector_size_4096 = 4096
            return getattr(self, '_m_sector_size_4096', None)

        @property
        def sector_size_512(self):
            if hasattr(self, '_m_sector_size_512'):
                return self._m_sector_size_512

            self._m_sector_size_512 = 512
            return getattr(self, '_m_sector_size_512', None)

        @property
        def size_is_defined(self):
            """A logical sector is 512 or 4096 bytes large."""
            if hasattr(self, '_m_size_is_defined'):
                return self._m_size_is_defined

            self._m_size_is_defined =  ((self.logical_sector_size == self.sector_size_512) or (self.logical_sector_size == self.sector_size_4096)) 
            return getattr(self, '_m_size_is_defined', None)


    class PhysicalSectorSize(KaitaiStruct):
        """Sector size that the guest is told the medium has; it moves no byte.
        
        .. seealso::
           MS-VHDX 2.6.2.5
        """
        SEQ_FIELDS = ["physical_sector_size"]
        def __init__(self, _io, _parent=None, _root=None):
            super(MetadataItems.PhysicalSectorSize, self).__init__(_io)
            self._parent = _parent
            self._root = _root
            self._debug = collections.defaultdict(dict)

        def _read(self):
            self._debug['physical_sector_size']['start'] = self._io.pos()
            self.physical_sector_size = self._io.read_u4le()
            self._debug['physical_sector_size']['end'] = self._io.pos()


        def _fetch_instances(self):
            pass

        @property
        def sector_size_4096(self):
            if hasattr(self, '_m_sector_size_4096'):
                return self._m_sector_size_4096

            self._m_sector_size_4096 = 4096
            return getattr(self, '_m_sector_size_4096', None)

        @property
        def sector_size_512(self):
            if hasattr(self, '_m_sector_size_512'):
                return self._m_sector_size_512

            self._m_sector_size_512 = 512
            return getattr(self, '_m_sector_size_512', None)

        @property
        def size_is_defined(self):
            """A physical sector is 512 or 4096 bytes large."""
            if hasattr(self, '_m_size_is_defined'):
                return self._m_size_is_defined

            self._m_size_is_defined =  ((self.physical_sector_size == self.sector_size_512) or (self.physical_sector_size == self.sector_size_4096)) 
            return getattr(self, '_m_size_is_defined', None)


    class PmemLabelStorageArea(KaitaiStruct):
        """Label storage of a virtual persistent memory device. Not in the specification; known from openvmm only.
        
        .. seealso::
           microsoft/openvmm vm/devices/storage/vhdx/src/format.rs
        """
        SEQ_FIELDS = ["version", "reserved", "guid", "data_offset", "data_length"]
        def __init__(self, _io, _parent=None, _root=None):
            super(MetadataItems.PmemLabelStorageArea, self).__init__(_io)
            self._parent = _parent
            self._root = _root
            self._debug = collections.defaultdict(dict)

        def _read(self):
            self._debug['version']['start'] = self._io.pos()
            self.version = self._io.read_u2le()
            self._debug['version']['end'] = self._io.pos()
            self._debug['reserved']['start'] = self._io.pos()
            self.reserved = self._io.read_u2le()
            self._debug['reserved']['end'] = self._io.pos()
            self._debug['guid']['start'] = self._io.pos()
            self.guid = ms_guid.MsGuid(self._io)
            self.guid._read()
            self._debug['guid']['end'] = self._io.pos()
            self._debug['data_offset']['start'] = self._io.pos()
            self.data_offset = self._io.read_u4le()
            self._debug['data_offset']['end'] = self._io.pos()
            self._debug['data_length']['start'] = self._io.pos()
            self.data_length = self._io.read_u4le()
            self._debug['data_length']['end'] = self._io.pos()


        def _fetch_instances(self):
            pass
            self.guid._fetch_instances()


    class VirtualDiskId(KaitaiStruct):
        """Identity of the virtual disk, shown to the guest as SCSI page 0x83; a child has its parent's.
        
        .. seealso::
           MS-VHDX 2.6.2.3
        """
        SEQ_FIELDS = ["virtual_disk_id"]
        def __init__(self, _io, _parent=None, _root=None):
            super(MetadataItems.VirtualDiskId, self).__init__(_io)
            self._parent = _parent
            self._root = _root
            self._debug = collections.defaultdict(dict)

        def _read(self):
            self._debug['virtual_disk_id']['start'] = self._io.pos()
            self.virtual_disk_id = ms_guid.MsGuid(self._io)
            self.virtual_disk_id._read()
            self._debug['virtual_disk_id']['end'] = self._io.pos()


        def _fetch_instances(self):
            pass
            self.virtual_disk_id._fetch_instances()

        @property
        def id_is_set(self):
            """The virtual disk has an identifier other than the nil GUID."""
            if hasattr(self, '_m_id_is_set'):
                return self._m_id_is_set

            self._m_id_is_set = (not (self.virtual_disk_id.is_nil))
            return getattr(self, '_m_id_is_set', None)


    class VirtualDiskSize(KaitaiStruct):
        """Size of the virtual disk.
        
        .. seealso::
           MS-VHDX 2.6.2.2
        """
        SEQ_FIELDS = ["virtual_disk_size"]
        def __init__(self, _io, _parent=None, _root=None):
            super(MetadataItems.VirtualDiskSize, self).__init__(_io)
            self._parent = _parent
            self._root = _root
            self._debug = collections.defaultdict(dict)

        def _read(self):
            self._debug['virtual_disk_size']['start'] = self._io.pos()
            self.virtual_disk_size = self._io.read_u8le()
            self._debug['virtual_disk_size']['end'] = self._io.pos()


        def _fetch_instances(self):
            pass

        @property
        def size_is_in_range(self):
            """The virtual disk is at most 64 TiB large; exactly that is allowed."""
            if hasattr(self, '_m_size_is_in_range'):
                return self._m_size_is_in_range

            self._m_size_is_in_range = self.virtual_disk_size <= self.virtual_disk_size_max
            return getattr(self, '_m_size_is_in_range', None)

        @property
        def size_is_not_zero(self):
            """The virtual disk has a size."""
            if hasattr(self, '_m_size_is_not_zero'):
                return self._m_size_is_not_zero

            self._m_size_is_not_zero = self.virtual_disk_size > 0
            return getattr(self, '_m_size_is_not_zero', None)

        @property
        def virtual_disk_size_max(self):
            if hasattr(self, '_m_virtual_disk_size_max'):
                return self._m_virtual_disk_size_max

            self._m_virtual_disk_size_max = 70368744177664
            return getattr(self, '_m_virtual_disk_size_max', None)



