# This is a generated file! Please edit source .ksy file and use kaitai-struct-compiler to rebuild
# type: ignore

import kaitaistruct
from kaitaistruct import KaitaiStruct, KaitaiStream, BytesIO
from . import ms_guid
import collections


if getattr(kaitaistruct, 'API_VERSION', (0, 9)) < (0, 11):
    raise Exception("Incompatible Kaitai Struct Python API: 0.11 or later is required, but you have %s" % (kaitaistruct.__version__))

class Header(KaitaiStruct):
    """One of two copies, each 4 KiB at the start of a 64 KiB slot. The valid one with the larger sequence number is current.
    
    .. seealso::
       MS-VHDX 2.2.2
    """
    SEQ_FIELDS = ["signature", "checksum", "sequence_number", "file_write_guid", "data_write_guid", "log_guid", "log_version", "version", "log_length", "log_offset", "reserved"]
    def __init__(self, _io, _parent=None, _root=None):
        super(Header, self).__init__(_io)
        self._parent = _parent
        self._root = _root or self
        self._debug = collections.defaultdict(dict)

    def _read(self):
        self._debug['signature']['start'] = self._io.pos()
        self.signature = self._io.read_bytes(4)
        self._debug['signature']['end'] = self._io.pos()
        self._debug['checksum']['start'] = self._io.pos()
        self.checksum = self._io.read_u4le()
        self._debug['checksum']['end'] = self._io.pos()
        self._debug['sequence_number']['start'] = self._io.pos()
        self.sequence_number = self._io.read_u8le()
        self._debug['sequence_number']['end'] = self._io.pos()
        self._debug['file_write_guid']['start'] = self._io.pos()
        self.file_write_guid = ms_guid.MsGuid(self._io)
        self.file_write_guid._read()
        self._debug['file_write_guid']['end'] = self._io.pos()
        self._debug['data_write_guid']['start'] = self._io.pos()
        self.data_write_guid = ms_guid.MsGuid(self._io)
        self.data_write_guid._read()
        self._debug['data_write_guid']['end'] = self._io.pos()
        self._debug['log_guid']['start'] = self._io.pos()
        self.log_guid = ms_guid.MsGuid(self._io)
        self.log_guid._read()
        self._debug['log_guid']['end'] = self._io.pos()
        self._debug['log_version']['start'] = self._io.pos()
        self.log_version = self._io.read_u2le()
        self._debug['log_version']['end'] = self._io.pos()
        self._debug['version']['start'] = self._io.pos()
        self.version = self._io.read_u2le()
        self._debug['version']['end'] = self._io.pos()
        self._debug['log_length']['start'] = self._io.pos()
        self.log_length = self._io.read_u4le()
        self._debug['log_length']['end'] = self._io.pos()
        self._debug['log_offset']['start'] = self._io.pos()
        self.log_offset = self._io.read_u8le()
        self._debug['log_offset']['end'] = self._io.pos()
        self._debug['reserved']['start'] = self._io.pos()
        self.reserved = self._io.read_bytes(4016)
        self._debug['reserved']['end'] = self._io.pos()


    def _fetch_instances(self):
        pass
        self.file_write_guid._fetch_instances()
        self.data_write_guid._fetch_instances()
        self.log_guid._fetch_instances()

    @property
    def expected_signature(self):
        if hasattr(self, '_m_expected_signature'):
            return self._m_expected_signature

        self._m_expected_signature = b"\x68\x65\x61\x64"
        return getattr(self, '_m_expected_signature', None)

    @property
    def guids_are_set(self):
        """FileWriteGuid and DataWriteGuid are set; the nil GUID identifies nothing."""
        if hasattr(self, '_m_guids_are_set'):
            return self._m_guids_are_set

        self._m_guids_are_set =  (((not (self.file_write_guid.is_nil))) and ((not (self.data_write_guid.is_nil)))) 
        return getattr(self, '_m_guids_are_set', None)

    @property
    def header_section_size(self):
        if hasattr(self, '_m_header_section_size'):
            return self._m_header_section_size

        self._m_header_section_size = 1048576
        return getattr(self, '_m_header_section_size', None)

    @property
    def log_guid_has_a_log(self):
        """A header that announces a log by its LogGuid also has room for one."""
        if hasattr(self, '_m_log_guid_has_a_log'):
            return self._m_log_guid_has_a_log

        self._m_log_guid_has_a_log =  ((self.log_guid.is_nil) or (self.log_length > 0)) 
        return getattr(self, '_m_log_guid_has_a_log', None)

    @property
    def log_is_after_header_section(self):
        """A log that has a size lies behind the header section."""
        if hasattr(self, '_m_log_is_after_header_section'):
            return self._m_log_is_after_header_section

        self._m_log_is_after_header_section =  ((self.log_length == 0) or (self.log_offset >= self.header_section_size)) 
        return getattr(self, '_m_log_is_after_header_section', None)

    @property
    def log_length_is_aligned(self):
        """The log's size is a whole number of MiB, 0 included."""
        if hasattr(self, '_m_log_length_is_aligned'):
            return self._m_log_length_is_aligned

        self._m_log_length_is_aligned = self.log_length % self.object_alignment == 0
        return getattr(self, '_m_log_length_is_aligned', None)

    @property
    def log_length_is_usual(self):
        """The log is no larger than 1 GiB, the most that a known implementation takes."""
        if hasattr(self, '_m_log_length_is_usual'):
            return self._m_log_length_is_usual

        self._m_log_length_is_usual = self.log_length <= self.log_length_usual_max
        return getattr(self, '_m_log_length_is_usual', None)

    @property
    def log_length_usual_max(self):
        if hasattr(self, '_m_log_length_usual_max'):
            return self._m_log_length_usual_max

        self._m_log_length_usual_max = 1073741824
        return getattr(self, '_m_log_length_usual_max', None)

    @property
    def log_offset_is_aligned(self):
        """The log starts at a whole number of MiB."""
        if hasattr(self, '_m_log_offset_is_aligned'):
            return self._m_log_offset_is_aligned

        self._m_log_offset_is_aligned = self.log_offset % self.object_alignment == 0
        return getattr(self, '_m_log_offset_is_aligned', None)

    @property
    def log_version_is_supported(self):
        """The log format is version 0. It matters only when there is a log to replay."""
        if hasattr(self, '_m_log_version_is_supported'):
            return self._m_log_version_is_supported

        self._m_log_version_is_supported = self.log_version == self.supported_log_version
        return getattr(self, '_m_log_version_is_supported', None)

    @property
    def object_alignment(self):
        if hasattr(self, '_m_object_alignment'):
            return self._m_object_alignment

        self._m_object_alignment = 1048576
        return getattr(self, '_m_object_alignment', None)

    @property
    def sequence_number_can_grow(self):
        """The sequence number can still be raised."""
        if hasattr(self, '_m_sequence_number_can_grow'):
            return self._m_sequence_number_can_grow

        self._m_sequence_number_can_grow = self.sequence_number < self.sequence_number_max
        return getattr(self, '_m_sequence_number_can_grow', None)

    @property
    def sequence_number_max(self):
        if hasattr(self, '_m_sequence_number_max'):
            return self._m_sequence_number_max

        self._m_sequence_number_max = 18446744073709551615
        return getattr(self, '_m_sequence_number_max', None)

    @property
    def signature_is_head(self):
        """The slot begins with the four characters "head"."""
        if hasattr(self, '_m_signature_is_head'):
            return self._m_signature_is_head

        self._m_signature_is_head = self.signature == self.expected_signature
        return getattr(self, '_m_signature_is_head', None)

    @property
    def supported_log_version(self):
        if hasattr(self, '_m_supported_log_version'):
            return self._m_supported_log_version

        self._m_supported_log_version = 0
        return getattr(self, '_m_supported_log_version', None)

    @property
    def supported_version(self):
        if hasattr(self, '_m_supported_version'):
            return self._m_supported_version

        self._m_supported_version = 1
        return getattr(self, '_m_supported_version', None)

    @property
    def version_is_supported(self):
        """The file format is version 1."""
        if hasattr(self, '_m_version_is_supported'):
            return self._m_version_is_supported

        self._m_version_is_supported = self.version == self.supported_version
        return getattr(self, '_m_version_is_supported', None)


