# This is a generated file! Please edit source .ksy file and use kaitai-struct-compiler to rebuild
# type: ignore

import kaitaistruct
from kaitaistruct import KaitaiStruct, KaitaiStream, BytesIO
from . import ms_guid
import collections


if getattr(kaitaistruct, 'API_VERSION', (0, 9)) < (0, 11):
    raise Exception("Incompatible Kaitai Struct Python API: 0.11 or later is required, but you have %s" % (kaitaistruct.__version__))

class ParentLocator(KaitaiStruct):
    """A metadata item of key and value strings, UTF-16LE, by which a differencing file finds and recognises its parent.
    Offsets count from the start of the item. Strings have no terminator.
    
    .. seealso::
       MS-VHDX 2.6.2.6
    """
    SEQ_FIELDS = ["header", "entries", "strings"]
    def __init__(self, _io, _parent=None, _root=None):
        super(ParentLocator, self).__init__(_io)
        self._parent = _parent
        self._root = _root or self
        self._debug = collections.defaultdict(dict)

    def _read(self):
        self._debug['header']['start'] = self._io.pos()
        self.header = ParentLocator.ParentLocatorHeader(self._io, self, self._root)
        self.header._read()
        self._debug['header']['end'] = self._io.pos()
        self._debug['entries']['start'] = self._io.pos()
        self._debug['entries']['arr'] = []
        self.entries = []
        for i in range((self.header.key_value_count if self.header.key_value_count < self.header.entries_max else self.header.entries_max)):
            self._debug['entries']['arr'].append({'start': self._io.pos()})
            _t_entries = ParentLocator.ParentLocatorEntry(self._io, self, self._root)
            try:
                _t_entries._read()
            finally:
                self.entries.append(_t_entries)
            self._debug['entries']['arr'][i]['end'] = self._io.pos()

        self._debug['entries']['end'] = self._io.pos()
        self._debug['strings']['start'] = self._io.pos()
        self.strings = self._io.read_bytes_full()
        self._debug['strings']['end'] = self._io.pos()


    def _fetch_instances(self):
        pass
        self.header._fetch_instances()
        for i in range(len(self.entries)):
            pass
            self.entries[i]._fetch_instances()


    class ParentLocatorEntry(KaitaiStruct):
        """Says where the strings of one pair lie.
        
        .. seealso::
           MS-VHDX 2.6.2.6.2
        """
        SEQ_FIELDS = ["key_offset", "value_offset", "key_length", "value_length"]
        def __init__(self, _io, _parent=None, _root=None):
            super(ParentLocator.ParentLocatorEntry, self).__init__(_io)
            self._parent = _parent
            self._root = _root
            self._debug = collections.defaultdict(dict)

        def _read(self):
            self._debug['key_offset']['start'] = self._io.pos()
            self.key_offset = self._io.read_u4le()
            self._debug['key_offset']['end'] = self._io.pos()
            self._debug['value_offset']['start'] = self._io.pos()
            self.value_offset = self._io.read_u4le()
            self._debug['value_offset']['end'] = self._io.pos()
            self._debug['key_length']['start'] = self._io.pos()
            self.key_length = self._io.read_u2le()
            self._debug['key_length']['end'] = self._io.pos()
            self._debug['value_length']['start'] = self._io.pos()
            self.value_length = self._io.read_u2le()
            self._debug['value_length']['end'] = self._io.pos()


        def _fetch_instances(self):
            pass
            _ = self.key
            if hasattr(self, '_m_key'):
                pass

            _ = self.value
            if hasattr(self, '_m_value'):
                pass


        @property
        def key(self):
            """The key's bytes."""
            if hasattr(self, '_m_key'):
                return self._m_key

            if self.key_offset + self.key_length <= self._io.size():
                pass
                _pos = self._io.pos()
                self._io.seek(self.key_offset)
                self._debug['_m_key']['start'] = self._io.pos()
                self._m_key = self._io.read_bytes(self.key_length)
                self._debug['_m_key']['end'] = self._io.pos()
                self._io.seek(_pos)

            return getattr(self, '_m_key', None)

        @property
        def lengths_are_set(self):
            """Key and value are not empty."""
            if hasattr(self, '_m_lengths_are_set'):
                return self._m_lengths_are_set

            self._m_lengths_are_set =  ((self.key_length > 0) and (self.value_length > 0)) 
            return getattr(self, '_m_lengths_are_set', None)

        @property
        def offsets_are_set(self):
            """Key and value have an offset. It counts from the item's start, so 0 is the header."""
            if hasattr(self, '_m_offsets_are_set'):
                return self._m_offsets_are_set

            self._m_offsets_are_set =  ((self.key_offset > 0) and (self.value_offset > 0)) 
            return getattr(self, '_m_offsets_are_set', None)

        @property
        def strings_are_inside(self):
            """Key and value end inside the item."""
            if hasattr(self, '_m_strings_are_inside'):
                return self._m_strings_are_inside

            self._m_strings_are_inside =  ((self.key_offset + self.key_length <= self._io.size()) and (self.value_offset + self.value_length <= self._io.size())) 
            return getattr(self, '_m_strings_are_inside', None)

        @property
        def value(self):
            """The value's bytes."""
            if hasattr(self, '_m_value'):
                return self._m_value

            if self.value_offset + self.value_length <= self._io.size():
                pass
                _pos = self._io.pos()
                self._io.seek(self.value_offset)
                self._debug['_m_value']['start'] = self._io.pos()
                self._m_value = self._io.read_bytes(self.value_length)
                self._debug['_m_value']['end'] = self._io.pos()
                self._io.seek(_pos)

            return getattr(self, '_m_value', None)


    class ParentLocatorHeader(KaitaiStruct):
        """The first 20 bytes of the item.
        
        .. seealso::
           MS-VHDX 2.6.2.6.1
        """
        SEQ_FIELDS = ["locator_type", "reserved", "key_value_count"]
        def __init__(self, _io, _parent=None, _root=None):
            super(ParentLocator.ParentLocatorHeader, self).__init__(_io)
            self._parent = _parent
            self._root = _root
            self._debug = collections.defaultdict(dict)

        def _read(self):
            self._debug['locator_type']['start'] = self._io.pos()
            self.locator_type = ms_guid.MsGuid(self._io)
            self.locator_type._read()
            self._debug['locator_type']['end'] = self._io.pos()
            self._debug['reserved']['start'] = self._io.pos()
            self.reserved = self._io.read_u2le()
            self._debug['reserved']['end'] = self._io.pos()
            self._debug['key_value_count']['start'] = self._io.pos()
            self.key_value_count = self._io.read_u2le()
            self._debug['key_value_count']['end'] = self._io.pos()


        def _fetch_instances(self):
            pass
            self.locator_type._fetch_instances()

        @property
        def entries_fit(self):
            """The item has room for all the entries that it counts."""
            if hasattr(self, '_m_entries_fit'):
                return self._m_entries_fit

            self._m_entries_fit = self.key_value_count <= self.entries_max
            return getattr(self, '_m_entries_fit', None)

        @property
        def entries_max(self):
            """Entries that the item has room for."""
            if hasattr(self, '_m_entries_max'):
                return self._m_entries_max

            self._m_entries_max = (self._io.size() - self.parent_locator_header_size) // self.parent_locator_entry_size
            return getattr(self, '_m_entries_max', None)

        @property
        def has_pairs(self):
            """The locator has pairs. A useful one has two at least, a linkage and a path; openvmm takes 256 at most."""
            if hasattr(self, '_m_has_pairs'):
                return self._m_has_pairs

            self._m_has_pairs = self.key_value_count > 0
            return getattr(self, '_m_has_pairs', None)

        @property
        def locator_type_is_known(self):
            """The locator is of the type that the specification defines."""
            if hasattr(self, '_m_locator_type_is_known'):
                return self._m_locator_type_is_known

            self._m_locator_type_is_known = self.locator_type.raw == self.vhdx_locator_type
            return getattr(self, '_m_locator_type_is_known', None)

        @property
        def parent_locator_entry_size(self):
            if hasattr(self, '_m_parent_locator_entry_size'):
                return self._m_parent_locator_entry_size

            self._m_parent_locator_entry_size = 12
            return getattr(self, '_m_parent_locator_entry_size', None)

        @property
        def parent_locator_header_size(self):
            if hasattr(self, '_m_parent_locator_header_size'):
                return self._m_parent_locator_header_size

            self._m_parent_locator_header_size = 20
            return getattr(self, '_m_parent_locator_header_size', None)

        @property
        def reserved_is_zero(self):
            """The reserved word of the locator header is zero."""
            if hasattr(self, '_m_reserved_is_zero'):
                return self._m_reserved_is_zero

            self._m_reserved_is_zero = self.reserved == 0
            return getattr(self, '_m_reserved_is_zero', None)

        @property
        def vhdx_locator_type(self):
            if hasattr(self, '_m_vhdx_locator_type'):
                return self._m_vhdx_locator_type

            self._m_vhdx_locator_type = b"\xB7\xEF\x4A\xB0\x9E\xD1\x81\x4A\xB7\x89\x25\xB8\xE9\x44\x59\x13"
            return getattr(self, '_m_vhdx_locator_type', None)



