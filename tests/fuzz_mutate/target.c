/* A small reader of headers, region tables and metadata, as a fuzz target: of packed seeds with -DPACKED, else of files. */
#include "vhdx_packed.h"

static int is_right(const struct vhdx_image *image, uint64_t at, uint64_t size) {
  struct vhdx_seal seal = {at, size, size, VHDX_AT(header, checksum), 0, 0};
  uint32_t crc = vhdx_crc(VHDX_CRC32C_INITIAL, image->bytes + at, seal.checksum);
  crc = vhdx_crc(crc, (const uint8_t *)"\0\0\0\0", 4);
  crc = vhdx_crc(crc, image->bytes + at + seal.checksum + 4, size - seal.checksum - 4);
  return (crc ^ VHDX_CRC32C_INITIAL) == VHDX_GET(image, at, header, checksum);
}

static int read_metadata(const struct vhdx_image *image, uint64_t at) {
  uint64_t index, found = 0, count = VHDX_GET(image, at, metadata_table_header, entry_count);
  if (count > VHDX_METADATA_ENTRIES_MAX) return -1;
  for (index = 1; index <= count; index++) {
    uint64_t entry = at + index * VHDX_METADATA_ENTRY_SIZE;
    uint64_t item = at + VHDX_GET(image, entry, metadata_table_entry, offset);
    if (!VHDX_GET(image, entry, metadata_table_entry, length)) continue;
    if (vhdx_read(image, item, 8) > VHDX_BLOCK_SIZE_MAX) found++;
  }
  return (int)found;
}

static int read_file(const struct vhdx_image *image) {
  const uint64_t headers[] = {VHDX_HEADER_1_OFFSET, VHDX_HEADER_2_OFFSET};
  const struct vhdx_ms_guid metadata = VHDX_METADATA_REGION_GUID;
  uint64_t index, best = 0, at = VHDX_REGION_TABLE_1_OFFSET, count;
  if (image->size < VHDX_HEADER_SECTION_USED || memcmp(image->bytes, VHDX_FILE_SIGNATURE, 8)) return -1;
  for (index = 0; index < 2; index++)
    if (is_right(image, headers[index], VHDX_HEADER_SIZE)) best = headers[index];
  if (!best || VHDX_GET(image, best, header, version) != VHDX_HEADER_VERSION) return -1;
  if (!is_right(image, at, VHDX_REGION_TABLE_SIZE)) at = VHDX_REGION_TABLE_2_OFFSET;
  if (!is_right(image, at, VHDX_REGION_TABLE_SIZE)) return -1;
  count = VHDX_GET(image, at, region_table_header, entry_count);
  for (at += sizeof(struct vhdx_region_table_header), index = 0; index < count && index < 16; index++, at += 32)
    if (!memcmp(image->bytes + at, metadata.raw, 16))
      return read_metadata(image, VHDX_GET(image, at, region_table_entry, file_offset));
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
#ifdef PACKED
  static struct vhdx_image image;
  if (vhdx_unpack(data, size, &image)) return 0;
  vhdx_reseal(&image);
#else
  struct vhdx_image image = {NULL, NULL, 0, 0, 0, NULL};
  image.bytes = (uint8_t *)data, image.size = size;
#endif
  return read_file(&image) < 0 ? -1 : 0;
}
