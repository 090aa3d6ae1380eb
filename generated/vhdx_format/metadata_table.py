# This is a generated file! Please edit source .ksy file and use kaitai-struct-compiler to rebuild
# type: ignore

import kaitaistruct
from kaitaistruct import KaitaiStruct, KaitaiStream, BytesIO
from . import ms_guid
import collections


if getattr(kaitaistruct, 'API_VERSION', (0, 9)) < (0, 11):
    raise Exception("Incompatible Kaitai Struct Python API: 0.11 or later is required, but you have %s" % (kaitaistruct.__version__))

class MetadataTable(KaitaiStruct):
    """The first 64 KiB of the metadata region: which items there are and where in the region they lie.
    
    .. seealso::
       MS-VHDX 2.6.1
    """
    SEQ_FIELDS = ["header", "entries", "unused"]
    def __init__(self, _io, _parent=None, _root=None):
        super(MetadataTable, self).__init__(_io)
        self._parent = _parent
        self._root = _root or self
        self._debug = collections.defaultdict(dict)

    def _read(self):
        self._debug['header']['start'] = self._io.pos()
        self.header = MetadataTable.MetadataTableHeader(self._io, self, self._root)
        self.header._read()
        self._debug['header']['end'] = self._io.pos()
        self._debug['entries']['start'] = self._io.pos()
        self._debug['entries']['arr'] = []
        self.entries = []
        for i in range((self.header.entry_count if self.header.entry_count < self.header.entries_max else self.header.entries_max)):
            self._debug['entries']['arr'].append({'start': self._io.pos()})
            _t_entries = MetadataTable.MetadataTableEntry(self._io, self, self._root)
            try:
                _t_entries._read()
            finally:
                self.entries.append(_t_entries)
            self._debug['entries']['arr'][i]['end'] = self._io.pos()

        self._debug['entries']['end'] = self._io.pos()
        self._debug['unused']['start'] = self._io.pos()
        self.unused = self._io.read_bytes_full()
        self._debug['unused']['end'] = self._io.pos()


    def _fetch_instances(self):
        pass
        self.header._fetch_instances()
        for i in range(len(self.entries)):
            pass
            self.entries[i]._fetch_instances()


    class MetadataTableEntry(KaitaiStruct):
        """Names one item and says where in the metadata region it lies.
        
        .. seealso::
           MS-VHDX 2.6.1.2
        """
        SEQ_FIELDS = ["item_id", "offset", "length", "is_user", "is_virtual_disk", "is_required", "reserved", "reserved2"]
        def __init__(self, _io, _parent=None, _root=None):
            super(MetadataTable.MetadataTableEntry, self).__init__(_io)
            self._parent = _parent
            self._root = _root
            self._debug = collections.defaultdict(dict)

        def _read(self):
            self._debug['item_id']['start'] = self._io.pos()
            self.item_id = ms_guid.MsGuid(self._io)
            self.item_id._read()
            self._debug['item_id']['end'] = self._io.pos()
            self._debug['offset']['start'] = self._io.pos()
            self.offset = self._io.read_u4le()
            self._debug['offset']['end'] = self._io.pos()
            self._debug['length']['start'] = self._io.pos()
            self.length = self._io.read_u4le()
            self._debug['length']['end'] = self._io.pos()
            self._debug['is_user']['start'] = self._io.pos()
            self.is_user = self._io.read_bits_int_le(1) != 0
            self._debug['is_user']['end'] = self._io.pos()
            self._debug['is_virtual_disk']['start'] = self._io.pos()
            self.is_virtual_disk = self._io.read_bits_int_le(1) != 0
            self._debug['is_virtual_disk']['end'] = self._io.pos()
            self._debug['is_required']['start'] = self._io.pos()
            self.is_required = self._io.read_bits_int_le(1) != 0
            self._debug['is_required']['end'] = self._io.pos()
            self._debug['reserved']['start'] = self._io.pos()
            self.reserved = self._io.read_bits_int_le(29)
            self._debug['reserved']['end'] = self._io.pos()
            self._debug['reserved2']['start'] = self._io.pos()
            self.reserved2 = self._io.read_u4le()
            self._debug['reserved2']['end'] = self._io.pos()


        def _fetch_instances(self):
            pass
            self.item_id._fetch_instances()

        @property
        def empty_item_has_no_offset(self):
            """An empty item has offset 0. It counts as present, with nothing in it."""
            if hasattr(self, '_m_empty_item_has_no_offset'):
                return self._m_empty_item_has_no_offset

            self._m_empty_item_has_no_offset =  ((self.length > 0) or (self.offset == 0)) 
            return getattr(self, '_m_empty_item_has_no_offset', None)

        @property
        def file_parameters_id(self):
            if hasattr(self, '_m_file_parameters_id'):
                return self._m_file_parameters_id

            self._m_file_parameters_id = b"\x37\x67\xA1\xCA\x36\xFA\x43\x4D\xB3\xB6\x33\xF0\xAA\x44\xE7\x6B"
            return getattr(self, '_m_file_parameters_id', None)

        @property
        def form_length(self):
            """Length of the form that the item has, or its own where it has none."""
            if hasattr(self, '_m_form_length'):
                return self._m_form_length

            self._m_form_length = (8 if  ((self.is_file_parameters) or (self.is_virtual_disk_size))  else (16 if self.is_virtual_disk_id else (4 if  ((self.is_logical_sector_size) or (self.is_physical_sector_size))  else self.length)))
            return getattr(self, '_m_form_length', None)

        @property
        def incomplete_file_marker_id(self):
            if hasattr(self, '_m_incomplete_file_marker_id'):
                return self._m_incomplete_file_marker_id

            self._m_incomplete_file_marker_id = b"\xF0\x85\xCC\x71\x69\x1B\x28\x4E\x95\x58\xC3\xBF\x83\xAE\x75\xD3"
            return getattr(self, '_m_incomplete_file_marker_id', None)

        @property
        def is_disk_property(self):
            """The entry names an item that describes the virtual disk."""
            if hasattr(self, '_m_is_disk_property'):
                return self._m_is_disk_property

            self._m_is_disk_property =  ((self.is_virtual_disk_size) or (self.is_virtual_disk_id) or (self.is_logical_sector_size) or (self.is_physical_sector_size)) 
            return getattr(self, '_m_is_disk_property', None)

        @property
        def is_file_parameters(self):
            """The entry names the file parameters."""
            if hasattr(self, '_m_is_file_parameters'):
                return self._m_is_file_parameters

            self._m_is_file_parameters =  (((not (self.is_user))) and (self.item_id.raw == self.file_parameters_id)) 
            return getattr(self, '_m_is_file_parameters', None)

        @property
        def is_known(self):
            """The entry names an item that the specification defines."""
            if hasattr(self, '_m_is_known'):
                return self._m_is_known

            self._m_is_known =  ((self.is_file_parameters) or (self.is_parent_locator) or (self.is_disk_property)) 
            return getattr(self, '_m_is_known', None)

        @property
        def is_logical_sector_size(self):
            """The entry names the logical sector size."""
            if hasattr(self, '_m_is_logical_sector_size'):
                return self._m_is_logical_sector_size

            self._m_is_logical_sector_size =  (((not (self.is_user))) and (self.item_id.raw == self.logical_sector_size_id)) 
            return getattr(self, '_m_is_logical_sector_size', None)

        @property
        def is_not_incomplete_marker(self):
            """The entry is not the marker by which Microsoft tools tell that a file was never finished."""
            if hasattr(self, '_m_is_not_incomplete_marker'):
                return self._m_is_not_incomplete_marker

            self._m_is_not_incomplete_marker =  ((self.is_user) or (self.item_id.raw != self.incomplete_file_marker_id)) 
            return getattr(self, '_m_is_not_incomplete_marker', None)

        @property
        def is_parent_locator(self):
            """The entry names the parent locator."""
            if hasattr(self, '_m_is_parent_locator'):
                return self._m_is_parent_locator

            self._m_is_parent_locator =  (((not (self.is_user))) and (self.item_id.raw == self.parent_locator_id)) 
            return getattr(self, '_m_is_parent_locator', None)

        @property
        def is_physical_sector_size(self):
            """The entry names the physical sector size."""
            if hasattr(self, '_m_is_physical_sector_size'):
                return self._m_is_physical_sector_size

            self._m_is_physical_sector_size =  (((not (self.is_user))) and (self.item_id.raw == self.physical_sector_size_id)) 
            return getattr(self, '_m_is_physical_sector_size', None)

        @property
        def is_virtual_disk_id(self):
            """The entry names the virtual disk id."""
            if hasattr(self, '_m_is_virtual_disk_id'):
                return self._m_is_virtual_disk_id

            self._m_is_virtual_disk_id =  (((not (self.is_user))) and (self.item_id.raw == self.virtual_disk_id_id)) 
            return getattr(self, '_m_is_virtual_disk_id', None)

        @property
        def is_virtual_disk_size(self):
            """The entry names the virtual disk size."""
            if hasattr(self, '_m_is_virtual_disk_size'):
                return self._m_is_virtual_disk_size

            self._m_is_virtual_disk_size =  (((not (self.is_user))) and (self.item_id.raw == self.virtual_disk_size_id)) 
            return getattr(self, '_m_is_virtual_disk_size', None)

        @property
        def item_id_is_set(self):
            """The item id is not the nil GUID. The specification does not say so, openvmm does."""
            if hasattr(self, '_m_item_id_is_set'):
                return self._m_item_id_is_set

            self._m_item_id_is_set = (not (self.item_id.is_nil))
            return getattr(self, '_m_item_id_is_set', None)

        @property
        def known_flags_are_usual(self):
            """An item that we know has the flags of its kind: always IsRequired, and IsVirtualDisk for all but the file parameters and the parent locator."""
            if hasattr(self, '_m_known_flags_are_usual'):
                return self._m_known_flags_are_usual

            self._m_known_flags_are_usual =  (((not (self.is_known))) or ( ((self.is_required) and (self.is_virtual_disk == self.is_disk_property)) )) 
            return getattr(self, '_m_known_flags_are_usual', None)

        @property
        def known_length_is_exact(self):
            """An item of fixed form has exactly the length of its form."""
            if hasattr(self, '_m_known_length_is_exact'):
                return self._m_known_length_is_exact

            self._m_known_length_is_exact = self.length == self.form_length
            return getattr(self, '_m_known_length_is_exact', None)

        @property
        def length_is_in_bounds(self):
            """An item is at most 1 MiB long."""
            if hasattr(self, '_m_length_is_in_bounds'):
                return self._m_length_is_in_bounds

            self._m_length_is_in_bounds = self.length <= self.metadata_item_length_max
            return getattr(self, '_m_length_is_in_bounds', None)

        @property
        def logical_sector_size_id(self):
            if hasattr(self, '_m_logical_sector_size_id'):
                return self._m_logical_sector_size_id

            self._m_logical_sector_size_id = b"\x1D\xBF\x41\x81\x6F\xA9\x09\x47\xBA\x47\xF2\x33\xA8\xFA\xAB\x5F"
            return getattr(self, '_m_logical_sector_size_id', None)

        @property
        def metadata_item_length_max(self):
            if hasattr(self, '_m_metadata_item_length_max'):
                return self._m_metadata_item_length_max

            self._m_metadata_item_length_max = 1048576
            return getattr(self, '_m_metadata_item_length_max', None)

        @property
        def metadata_table_size(self):
            if hasattr(self, '_m_metadata_table_size'):
                return self._m_metadata_table_size

            self._m_metadata_table_size = 65536
            return getattr(self, '_m_metadata_table_size', None)

        @property
        def offset_is_past_table(self):
            """An item that is not empty starts behind the table, at byte 65536 of the region or later. Any byte will do."""
            if hasattr(self, '_m_offset_is_past_table'):
                return self._m_offset_is_past_table

            self._m_offset_is_past_table =  ((self.length == 0) or (self.offset >= self.metadata_table_size)) 
            return getattr(self, '_m_offset_is_past_table', None)

        @property
        def parent_locator_id(self):
            if hasattr(self, '_m_parent_locator_id'):
                return self._m_parent_locator_id

            self._m_parent_locator_id = b"\x2D\x5F\xD3\xA8\x0B\xB3\x4D\x45\xAB\xF7\xD3\xD8\x48\x34\xAB\x0C"
            return getattr(self, '_m_parent_locator_id', None)

        @property
        def physical_sector_size_id(self):
            if hasattr(self, '_m_physical_sector_size_id'):
                return self._m_physical_sector_size_id

            self._m_physical_sector_size_id = b"\xC7\x48\xA3\xCD\x5D\x44\x71\x44\x9C\xC9\xE9\x88\x52\x51\xC5\x56"
            return getattr(self, '_m_physical_sector_size_id', None)

        @property
        def required_is_known(self):
            """An item marked as required is a system item that we know."""
            if hasattr(self, '_m_required_is_known'):
                return self._m_required_is_known

            self._m_required_is_known =  (((not (self.is_required))) or (self.is_known)) 
            return getattr(self, '_m_required_is_known', None)

        @property
        def reserved2_is_zero(self):
            """The last word of an entry is zero."""
            if hasattr(self, '_m_reserved2_is_zero'):
                return self._m_reserved2_is_zero

            self._m_reserved2_is_zero = self.reserved2 == 0
            return getattr(self, '_m_reserved2_is_zero', None)

        @property
        def reserved_flags_are_zero(self):
            """No bit of the flag word is set but the lowest three."""
            if hasattr(self, '_m_reserved_flags_are_zero'):
                return self._m_reserved_flags_are_zero

            self._m_reserved_flags_are_zero = self.reserved == 0
            return getattr(self, '_m_reserved_flags_are_zero', None)

        @property
        def user_is_not_required(self):
            """A user item is not marked as required. The specification does not say so, openvmm does."""
            if hasattr(self, '_m_user_is_not_required'):
                return self._m_user_is_not_required

            self._m_user_is_not_required =  (((not (self.is_user))) or ((not (self.is_required)))) 
            return getattr(self, '_m_user_is_not_required', None)

        @property
        def virtual_disk_id_id(self):
            if hasattr(self, '_m_virtual_disk_id_id'):
                return self._m_virtual_disk_id_id

            self._m_virtual_disk_id_id = b"\xAB\x12\xCA\xBE\xE6\xB2\x23\x45\x93\xEF\xC3\x09\xE0\x00\xC7\x46"
            return getattr(self, '_m_virtual_disk_id_id', None)

        @property
        def virtual_disk_size_id(self):
            if hasattr(self, '_m_virtual_disk_size_id'):
                return self._m_virtual_disk_size_id

            self._m_virtual_disk_size_id = b"\x24\x42\xA5\x2F\x1B\xCD\x76\x48\xB2\x11\x5D\xBE\xD8\x3B\xF4\xB8"
            return getattr(self, '_m_virtual_disk_size_id', None)


    class MetadataTableHeader(KaitaiStruct):
        """The first 32 bytes of the metadata table.
        
        .. seealso::
           MS-VHDX 2.6.1.1
        """
        SEQ_FIELDS = ["signature", "reserved", "entry_count", "reserved2"]
        def __init__(self, _io, _parent=None, _root=None):
            super(MetadataTable.MetadataTableHeader, self).__init__(_io)
            self._parent = _parent
            self._root = _root
            self._debug = collections.defaultdict(dict)

        def _read(self):
            self._debug['signature']['start'] = self._io.pos()
            self.signature = self._io.read_bytes(8)
            self._debug['signature']['end'] = self._io.pos()
            self._debug['reserved']['start'] = self._io.pos()
            self.reserved = self._io.read_u2le()
            self._debug['reserved']['end'] = self._io.pos()
            self._debug['entry_count']['start'] = self._io.pos()
            self.entry_count = self._io.read_u2le()
            self._debug['entry_count']['end'] = self._io.pos()
            self._debug['reserved2']['start'] = self._io.pos()
            self.reserved2 = self._io.read_bytes(20)
            self._debug['reserved2']['end'] = self._io.pos()


        def _fetch_instances(self):
            pass

        @property
        def entries_max(self):
            if hasattr(self, '_m_entries_max'):
                return self._m_entries_max

            self._m_entries_max = 2047
            return getattr(self, '_m_entries_max', None)

        @property
        def entry_count_fits(self):
            """The table lists no more entries than fit into its 64 KiB, 2047."""
            if hasattr(self, '_m_entry_count_fits'):
                return self._m_entry_count_fits

            self._m_entry_count_fits = self.entry_count <= self.entries_max
            return getattr(self, '_m_entry_count_fits', None)

        @property
        def expected_signature(self):
            if hasattr(self, '_m_expected_signature'):
                return self._m_expected_signature

            self._m_expected_signature = b"\x6D\x65\x74\x61\x64\x61\x74\x61"
            return getattr(self, '_m_expected_signature', None)

        @property
        def reserved_is_zero(self):
            """The 22 reserved bytes of the table header are zero."""
            if hasattr(self, '_m_reserved_is_zero'):
                return self._m_reserved_is_zero

            self._m_reserved_is_zero =  ((self.reserved == 0) and (self.reserved2 == b"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00")) 
            return getattr(self, '_m_reserved_is_zero', None)

        @property
        def signature_is_metadata(self):
            """The metadata region begins with the eight characters "metadata"."""
            if hasattr(self, '_m_signature_is_metadata'):
                return self._m_signature_is_metadata

            self._m_signature_is_metadata = self.signature == self.expected_signature
            return getattr(self, '_m_signature_is_metadata', None)



