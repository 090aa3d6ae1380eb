# This is a generated file! Please edit source .ksy file and use kaitai-struct-compiler to rebuild
# type: ignore

import kaitaistruct
from kaitaistruct import KaitaiStruct, KaitaiStream, BytesIO
from . import bat_entry
from . import file_identifier
from . import header
from . import log_entry
from . import metadata_items
from . import metadata_table
from . import parent_locator
from . import region_table
import collections


if getattr(kaitaistruct, 'API_VERSION', (0, 9)) < (0, 11):
    raise Exception("Incompatible Kaitai Struct Python API: 0.11 or later is required, but you have %s" % (kaitaistruct.__version__))

class Vhdx(KaitaiStruct):
    """Map of a VHDX file: the fixed places, and a view of the rest that any Kaitai tool can show. The view is a best effort
    and says so: it takes the header with the larger sequence number whether or not its checksum holds, it does not
    replay the log, and it reads the first region table only.
    
    .. seealso::
       MS-VHDX 2
    """
    SEQ_FIELDS = []
    def __init__(self, _io, _parent=None, _root=None):
        super(Vhdx, self).__init__(_io)
        self._parent = _parent
        self._root = _root or self
        self._debug = collections.defaultdict(dict)

    def _read(self):
        pass


    def _fetch_instances(self):
        pass
        _ = self.file_identifier
        if hasattr(self, '_m_file_identifier'):
            pass
            self._m_file_identifier._fetch_instances()

        _ = self.header_1
        if hasattr(self, '_m_header_1'):
            pass
            self._m_header_1._fetch_instances()

        _ = self.header_2
        if hasattr(self, '_m_header_2'):
            pass
            self._m_header_2._fetch_instances()

        _ = self.log
        if hasattr(self, '_m_log'):
            pass
            self._m_log._fetch_instances()

        _ = self.region_table_1
        if hasattr(self, '_m_region_table_1'):
            pass
            self._m_region_table_1._fetch_instances()

        _ = self.region_table_2
        if hasattr(self, '_m_region_table_2'):
            pass
            self._m_region_table_2._fetch_instances()

        _ = self.regions
        if hasattr(self, '_m_regions'):
            pass
            for i in range(len(self._m_regions)):
                pass
                self._m_regions[i]._fetch_instances()



    class Bat(KaitaiStruct):
        """All entries of the region; which of them are sector bitmap entries follows from the chunk ratio.
        
        .. seealso::
           MS-VHDX 2.5
        """
        SEQ_FIELDS = ["entries"]
        def __init__(self, _io, _parent=None, _root=None):
            super(Vhdx.Bat, self).__init__(_io)
            self._parent = _parent
            self._root = _root
            self._debug = collections.defaultdict(dict)

        def _read(self):
            self._debug['entries']['start'] = self._io.pos()
            self._debug['entries']['arr'] = []
            self.entries = []
            i = 0
            while not self._io.is_eof():
                self._debug['entries']['arr'].append({'start': self._io.pos()})
                _t_entries = bat_entry.BatEntry(self._io)
                try:
                    _t_entries._read()
                finally:
                    self.entries.append(_t_entries)
                self._debug['entries']['arr'][len(self.entries) - 1]['end'] = self._io.pos()
                i += 1

            self._debug['entries']['end'] = self._io.pos()


        def _fetch_instances(self):
            pass
            for i in range(len(self.entries)):
                pass
                self.entries[i]._fetch_instances()



    class LogArea(KaitaiStruct):
        """The log as sectors of 4 KiB; an entry starts in each sector that carries the signature, live or stale.
        
        .. seealso::
           MS-VHDX 2.3
        """
        SEQ_FIELDS = ["sectors"]
        def __init__(self, _io, _parent=None, _root=None):
            super(Vhdx.LogArea, self).__init__(_io)
            self._parent = _parent
            self._root = _root
            self._debug = collections.defaultdict(dict)

        def _read(self):
            self._debug['sectors']['start'] = self._io.pos()
            self._debug['sectors']['arr'] = []
            self._raw_sectors = []
            self.sectors = []
            i = 0
            while not self._io.is_eof():
                self._debug['sectors']['arr'].append({'start': self._io.pos()})
                self._raw_sectors.append(self._io.read_bytes(4096))
                _io__raw_sectors = KaitaiStream(BytesIO(self._raw_sectors[-1]))
                _t_sectors = Vhdx.LogSector(_io__raw_sectors, self, self._root)
                try:
                    _t_sectors._read()
                finally:
                    self.sectors.append(_t_sectors)
                self._debug['sectors']['arr'][len(self.sectors) - 1]['end'] = self._io.pos()
                i += 1

            self._debug['sectors']['end'] = self._io.pos()


        def _fetch_instances(self):
            pass
            for i in range(len(self.sectors)):
                pass
                self.sectors[i]._fetch_instances()



    class LogSector(KaitaiStruct):
        """One sector of the log.
        
        .. seealso::
           MS-VHDX 2.3
        """
        SEQ_FIELDS = []
        def __init__(self, _io, _parent=None, _root=None):
            super(Vhdx.LogSector, self).__init__(_io)
            self._parent = _parent
            self._root = _root
            self._debug = collections.defaultdict(dict)

        def _read(self):
            pass


        def _fetch_instances(self):
            pass
            _ = self.entry_header
            if hasattr(self, '_m_entry_header'):
                pass
                self._m_entry_header._fetch_instances()

            _ = self.signature
            if hasattr(self, '_m_signature'):
                pass


        @property
        def entry_header(self):
            """The header of an entry that starts here."""
            if hasattr(self, '_m_entry_header'):
                return self._m_entry_header

            if self.signature == b"\x6C\x6F\x67\x65":
                pass
                _pos = self._io.pos()
                self._io.seek(0)
                self._debug['_m_entry_header']['start'] = self._io.pos()
                self._m_entry_header = log_entry.LogEntry.LogEntryHeader(self._io)
                self._m_entry_header._read()
                self._debug['_m_entry_header']['end'] = self._io.pos()
                self._io.seek(_pos)

            return getattr(self, '_m_entry_header', None)

        @property
        def signature(self):
            """First four bytes, which tell what the sector is."""
            if hasattr(self, '_m_signature'):
                return self._m_signature

            _pos = self._io.pos()
            self._io.seek(0)
            self._debug['_m_signature']['start'] = self._io.pos()
            self._m_signature = self._io.read_bytes(4)
            self._debug['_m_signature']['end'] = self._io.pos()
            self._io.seek(_pos)
            return getattr(self, '_m_signature', None)


    class MetadataItem(KaitaiStruct):
        """One item of the metadata.
        
        .. seealso::
           MS-VHDX 2.6.2
        """
        SEQ_FIELDS = []
        def __init__(self, index, _io, _parent=None, _root=None):
            super(Vhdx.MetadataItem, self).__init__(_io)
            self._parent = _parent
            self._root = _root
            self.index = index
            self._debug = collections.defaultdict(dict)

        def _read(self):
            pass


        def _fetch_instances(self):
            pass
            _ = self.file_parameters
            if hasattr(self, '_m_file_parameters'):
                pass
                self._m_file_parameters._fetch_instances()

            _ = self.logical_sector_size
            if hasattr(self, '_m_logical_sector_size'):
                pass
                self._m_logical_sector_size._fetch_instances()

            _ = self.parent_locator
            if hasattr(self, '_m_parent_locator'):
                pass
                self._m_parent_locator._fetch_instances()

            _ = self.physical_sector_size
            if hasattr(self, '_m_physical_sector_size'):
                pass
                self._m_physical_sector_size._fetch_instances()

            _ = self.raw
            if hasattr(self, '_m_raw'):
                pass

            _ = self.virtual_disk_id
            if hasattr(self, '_m_virtual_disk_id'):
                pass
                self._m_virtual_disk_id._fetch_instances()

            _ = self.virtual_disk_size
            if hasattr(self, '_m_virtual_disk_size'):
                pass
                self._m_virtual_disk_size._fetch_instances()


        @property
        def entry(self):
            """The item's entry in the table."""
            if hasattr(self, '_m_entry'):
                return self._m_entry

            self._m_entry = self._parent.table.entries[self.index]
            return getattr(self, '_m_entry', None)

        @property
        def file_parameters(self):
            """The item, where it is the file parameters."""
            if hasattr(self, '_m_file_parameters'):
                return self._m_file_parameters

            if self.entry.is_file_parameters:
                pass
                _pos = self._io.pos()
                self._io.seek(self.entry.offset)
                self._debug['_m_file_parameters']['start'] = self._io.pos()
                self._raw__m_file_parameters = self._io.read_bytes(self.entry.length)
                _io__raw__m_file_parameters = KaitaiStream(BytesIO(self._raw__m_file_parameters))
                self._m_file_parameters = metadata_items.MetadataItems.FileParameters(_io__raw__m_file_parameters)
                self._m_file_parameters._read()
                self._debug['_m_file_parameters']['end'] = self._io.pos()
                self._io.seek(_pos)

            return getattr(self, '_m_file_parameters', None)

        @property
        def logical_sector_size(self):
            """The item, where it is the logical sector size."""
            if hasattr(self, '_m_logical_sector_size'):
                return self._m_logical_sector_size

            if self.entry.is_logical_sector_size:
                pass
                _pos = self._io.pos()
                self._io.seek(self.entry.offset)
                self._debug['_m_logical_sector_size']['start'] = self._io.pos()
                self._raw__m_logical_sector_size = self._io.read_bytes(self.entry.length)
                _io__raw__m_logical_sector_size = KaitaiStream(BytesIO(self._raw__m_logical_sector_size))
                self._m_logical_sector_size = metadata_items.MetadataItems.LogicalSectorSize(_io__raw__m_logical_sector_size)
                self._m_logical_sector_size._read()
                self._debug['_m_logical_sector_size']['end'] = self._io.pos()
                self._io.seek(_pos)

            return getattr(self, '_m_logical_sector_size', None)

        @property
        def parent_locator(self):
            """The item, where it is the parent locator."""
            if hasattr(self, '_m_parent_locator'):
                return self._m_parent_locator

            if self.entry.is_parent_locator:
                pass
                _pos = self._io.pos()
                self._io.seek(self.entry.offset)
                self._debug['_m_parent_locator']['start'] = self._io.pos()
                self._raw__m_parent_locator = self._io.read_bytes(self.entry.length)
                _io__raw__m_parent_locator = KaitaiStream(BytesIO(self._raw__m_parent_locator))
                self._m_parent_locator = parent_locator.ParentLocator(_io__raw__m_parent_locator)
                self._m_parent_locator._read()
                self._debug['_m_parent_locator']['end'] = self._io.pos()
                self._io.seek(_pos)

            return getattr(self, '_m_parent_locator', None)

        @property
        def physical_sector_size(self):
            """The item, where it is the physical sector size."""
            if hasattr(self, '_m_physical_sector_size'):
                return self._m_physical_sector_size

            if self.entry.is_physical_sector_size:
                pass
                _pos = self._io.pos()
                self._io.seek(self.entry.offset)
                self._debug['_m_physical_sector_size']['start'] = self._io.pos()
                self._raw__m_physical_sector_size = self._io.read_bytes(self.entry.length)
                _io__raw__m_physical_sector_size = KaitaiStream(BytesIO(self._raw__m_physical_sector_size))
                self._m_physical_sector_size = metadata_items.MetadataItems.PhysicalSectorSize(_io__raw__m_physical_sector_size)
                self._m_physical_sector_size._read()
                self._debug['_m_physical_sector_size']['end'] = self._io.pos()
                self._io.seek(_pos)

            return getattr(self, '_m_physical_sector_size', None)

        @property
        def raw(self):
            """The bytes of an item that the specification does not define."""
            if hasattr(self, '_m_raw'):
                return self._m_raw

            if (not (self.entry.is_known)):
                pass
                _pos = self._io.pos()
                self._io.seek(self.entry.offset)
                self._debug['_m_raw']['start'] = self._io.pos()
                self._m_raw = self._io.read_bytes(self.entry.length)
                self._debug['_m_raw']['end'] = self._io.pos()
                self._io.seek(_pos)

            return getattr(self, '_m_raw', None)

        @property
        def virtual_disk_id(self):
            """The item, where it is the virtual disk identifier."""
            if hasattr(self, '_m_virtual_disk_id'):
                return self._m_virtual_disk_id

            if self.entry.is_virtual_disk_id:
                pass
                _pos = self._io.pos()
                self._io.seek(self.entry.offset)
                self._debug['_m_virtual_disk_id']['start'] = self._io.pos()
                self._raw__m_virtual_disk_id = self._io.read_bytes(self.entry.length)
                _io__raw__m_virtual_disk_id = KaitaiStream(BytesIO(self._raw__m_virtual_disk_id))
                self._m_virtual_disk_id = metadata_items.MetadataItems.VirtualDiskId(_io__raw__m_virtual_disk_id)
                self._m_virtual_disk_id._read()
                self._debug['_m_virtual_disk_id']['end'] = self._io.pos()
                self._io.seek(_pos)

            return getattr(self, '_m_virtual_disk_id', None)

        @property
        def virtual_disk_size(self):
            """The item, where it is the virtual disk size."""
            if hasattr(self, '_m_virtual_disk_size'):
                return self._m_virtual_disk_size

            if self.entry.is_virtual_disk_size:
                pass
                _pos = self._io.pos()
                self._io.seek(self.entry.offset)
                self._debug['_m_virtual_disk_size']['start'] = self._io.pos()
                self._raw__m_virtual_disk_size = self._io.read_bytes(self.entry.length)
                _io__raw__m_virtual_disk_size = KaitaiStream(BytesIO(self._raw__m_virtual_disk_size))
                self._m_virtual_disk_size = metadata_items.MetadataItems.VirtualDiskSize(_io__raw__m_virtual_disk_size)
                self._m_virtual_disk_size._read()
                self._debug['_m_virtual_disk_size']['end'] = self._io.pos()
                self._io.seek(_pos)

            return getattr(self, '_m_virtual_disk_size', None)


    class MetadataRegion(KaitaiStruct):
        """The metadata table and its items.
        
        .. seealso::
           MS-VHDX 2.6
        """
        SEQ_FIELDS = ["table"]
        def __init__(self, _io, _parent=None, _root=None):
            super(Vhdx.MetadataRegion, self).__init__(_io)
            self._parent = _parent
            self._root = _root
            self._debug = collections.defaultdict(dict)

        def _read(self):
            self._debug['table']['start'] = self._io.pos()
            self._raw_table = self._io.read_bytes(65536)
            _io__raw_table = KaitaiStream(BytesIO(self._raw_table))
            self.table = metadata_table.MetadataTable(_io__raw_table)
            self.table._read()
            self._debug['table']['end'] = self._io.pos()


        def _fetch_instances(self):
            pass
            self.table._fetch_instances()
            _ = self.items
            if hasattr(self, '_m_items'):
                pass
                for i in range(len(self._m_items)):
                    pass
                    self._m_items[i]._fetch_instances()



        @property
        def items(self):
            """The items, in the table's order."""
            if hasattr(self, '_m_items'):
                return self._m_items

            _pos = self._io.pos()
            self._io.seek(0)
            self._debug['_m_items']['start'] = self._io.pos()
            self._debug['_m_items']['arr'] = []
            self._m_items = []
            for i in range(len(self.table.entries)):
                self._debug['_m_items']['arr'].append({'start': self._io.pos()})
                _t__m_items = Vhdx.MetadataItem(i, self._io, self, self._root)
                try:
                    _t__m_items._read()
                finally:
                    self._m_items.append(_t__m_items)
                self._debug['_m_items']['arr'][i]['end'] = self._io.pos()

            self._debug['_m_items']['end'] = self._io.pos()
            self._io.seek(_pos)
            return getattr(self, '_m_items', None)


    class Region(KaitaiStruct):
        """One region of the file.
        
        .. seealso::
           MS-VHDX 2.2.3
        """
        SEQ_FIELDS = []
        def __init__(self, index, _io, _parent=None, _root=None):
            super(Vhdx.Region, self).__init__(_io)
            self._parent = _parent
            self._root = _root
            self.index = index
            self._debug = collections.defaultdict(dict)

        def _read(self):
            pass


        def _fetch_instances(self):
            pass
            _ = self.bat
            if hasattr(self, '_m_bat'):
                pass
                self._m_bat._fetch_instances()

            _ = self.metadata
            if hasattr(self, '_m_metadata'):
                pass
                self._m_metadata._fetch_instances()


        @property
        def bat(self):
            """The block allocation table."""
            if hasattr(self, '_m_bat'):
                return self._m_bat

            if self.entry.is_bat:
                pass
                io = self._root._io
                _pos = io.pos()
                io.seek(self.entry.file_offset)
                self._debug['_m_bat']['start'] = io.pos()
                self._raw__m_bat = io.read_bytes(self.entry.length)
                _io__raw__m_bat = KaitaiStream(BytesIO(self._raw__m_bat))
                self._m_bat = Vhdx.Bat(_io__raw__m_bat, self, self._root)
                self._m_bat._read()
                self._debug['_m_bat']['end'] = io.pos()
                io.seek(_pos)

            return getattr(self, '_m_bat', None)

        @property
        def entry(self):
            """The region's entry in the table."""
            if hasattr(self, '_m_entry'):
                return self._m_entry

            self._m_entry = self._root.region_table_1.entries[self.index]
            return getattr(self, '_m_entry', None)

        @property
        def metadata(self):
            """The metadata."""
            if hasattr(self, '_m_metadata'):
                return self._m_metadata

            if self.entry.is_metadata:
                pass
                io = self._root._io
                _pos = io.pos()
                io.seek(self.entry.file_offset)
                self._debug['_m_metadata']['start'] = io.pos()
                self._raw__m_metadata = io.read_bytes(self.entry.length)
                _io__raw__m_metadata = KaitaiStream(BytesIO(self._raw__m_metadata))
                self._m_metadata = Vhdx.MetadataRegion(_io__raw__m_metadata, self, self._root)
                self._m_metadata._read()
                self._debug['_m_metadata']['end'] = io.pos()
                io.seek(_pos)

            return getattr(self, '_m_metadata', None)


    @property
    def current_header(self):
        """The header with the larger sequence number. Checksums are not looked at here."""
        if hasattr(self, '_m_current_header'):
            return self._m_current_header

        self._m_current_header = (self.header_2 if self.header_2.sequence_number > self.header_1.sequence_number else self.header_1)
        return getattr(self, '_m_current_header', None)

    @property
    def file_identifier(self):
        """The file type identifier."""
        if hasattr(self, '_m_file_identifier'):
            return self._m_file_identifier

        _pos = self._io.pos()
        self._io.seek(0)
        self._debug['_m_file_identifier']['start'] = self._io.pos()
        self._raw__m_file_identifier = self._io.read_bytes(65536)
        _io__raw__m_file_identifier = KaitaiStream(BytesIO(self._raw__m_file_identifier))
        self._m_file_identifier = file_identifier.FileIdentifier(_io__raw__m_file_identifier)
        self._m_file_identifier._read()
        self._debug['_m_file_identifier']['end'] = self._io.pos()
        self._io.seek(_pos)
        return getattr(self, '_m_file_identifier', None)

    @property
    def header_1(self):
        """First header."""
        if hasattr(self, '_m_header_1'):
            return self._m_header_1

        _pos = self._io.pos()
        self._io.seek(65536)
        self._debug['_m_header_1']['start'] = self._io.pos()
        self._raw__m_header_1 = self._io.read_bytes(4096)
        _io__raw__m_header_1 = KaitaiStream(BytesIO(self._raw__m_header_1))
        self._m_header_1 = header.Header(_io__raw__m_header_1)
        self._m_header_1._read()
        self._debug['_m_header_1']['end'] = self._io.pos()
        self._io.seek(_pos)
        return getattr(self, '_m_header_1', None)

    @property
    def header_2(self):
        """Second header."""
        if hasattr(self, '_m_header_2'):
            return self._m_header_2

        _pos = self._io.pos()
        self._io.seek(131072)
        self._debug['_m_header_2']['start'] = self._io.pos()
        self._raw__m_header_2 = self._io.read_bytes(4096)
        _io__raw__m_header_2 = KaitaiStream(BytesIO(self._raw__m_header_2))
        self._m_header_2 = header.Header(_io__raw__m_header_2)
        self._m_header_2._read()
        self._debug['_m_header_2']['end'] = self._io.pos()
        self._io.seek(_pos)
        return getattr(self, '_m_header_2', None)

    @property
    def log(self):
        """The log, sector by sector."""
        if hasattr(self, '_m_log'):
            return self._m_log

        if self.current_header.log_length > 0:
            pass
            _pos = self._io.pos()
            self._io.seek(self.current_header.log_offset)
            self._debug['_m_log']['start'] = self._io.pos()
            self._raw__m_log = self._io.read_bytes(self.current_header.log_length)
            _io__raw__m_log = KaitaiStream(BytesIO(self._raw__m_log))
            self._m_log = Vhdx.LogArea(_io__raw__m_log, self, self._root)
            self._m_log._read()
            self._debug['_m_log']['end'] = self._io.pos()
            self._io.seek(_pos)

        return getattr(self, '_m_log', None)

    @property
    def region_table_1(self):
        """First copy of the region table."""
        if hasattr(self, '_m_region_table_1'):
            return self._m_region_table_1

        _pos = self._io.pos()
        self._io.seek(196608)
        self._debug['_m_region_table_1']['start'] = self._io.pos()
        self._raw__m_region_table_1 = self._io.read_bytes(65536)
        _io__raw__m_region_table_1 = KaitaiStream(BytesIO(self._raw__m_region_table_1))
        self._m_region_table_1 = region_table.RegionTable(_io__raw__m_region_table_1)
        self._m_region_table_1._read()
        self._debug['_m_region_table_1']['end'] = self._io.pos()
        self._io.seek(_pos)
        return getattr(self, '_m_region_table_1', None)

    @property
    def region_table_2(self):
        """Second copy of the region table."""
        if hasattr(self, '_m_region_table_2'):
            return self._m_region_table_2

        _pos = self._io.pos()
        self._io.seek(262144)
        self._debug['_m_region_table_2']['start'] = self._io.pos()
        self._raw__m_region_table_2 = self._io.read_bytes(65536)
        _io__raw__m_region_table_2 = KaitaiStream(BytesIO(self._raw__m_region_table_2))
        self._m_region_table_2 = region_table.RegionTable(_io__raw__m_region_table_2)
        self._m_region_table_2._read()
        self._debug['_m_region_table_2']['end'] = self._io.pos()
        self._io.seek(_pos)
        return getattr(self, '_m_region_table_2', None)

    @property
    def regions(self):
        """The regions of the first region table, in its order."""
        if hasattr(self, '_m_regions'):
            return self._m_regions

        _pos = self._io.pos()
        self._io.seek(0)
        self._debug['_m_regions']['start'] = self._io.pos()
        self._debug['_m_regions']['arr'] = []
        self._m_regions = []
        for i in range(len(self.region_table_1.entries)):
            self._debug['_m_regions']['arr'].append({'start': self._io.pos()})
            _t__m_regions = Vhdx.Region(i, self._io, self, self._root)
            try:
                _t__m_regions._read()
            finally:
                self._m_regions.append(_t__m_regions)
            self._debug['_m_regions']['arr'][i]['end'] = self._io.pos()

        self._debug['_m_regions']['end'] = self._io.pos()
        self._io.seek(_pos)
        return getattr(self, '_m_regions', None)


