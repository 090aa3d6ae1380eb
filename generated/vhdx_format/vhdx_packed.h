/* Packed seeds of VHDX for fuzz targets in C and C++: unpacked, sealed, packed.
 *
 *   vhdx_unpack(data, size, &image)   the file of a packed seed, 0, or -1; `image` starts as {0} and is used again
 *   vhdx_reseal(&image)               every checksum right that can be found
 *   vhdx_pack(&image, out, room)      packed again; how many bytes, 0 where they do not fit
 *   vhdx_free(&image)
 *
 * image.bytes and image.size are the file. Who writes into it by himself says where: vhdx_span(&image, offset, count).
 * A file is at most VHDX_FUZZ_SIZE_MAX bytes long. No input makes anything here read or write out of bounds.
 *
 * Machine-written from formats/ by `make generate`; do not edit.
 */
#ifndef VHDX_PACKED_H
#define VHDX_PACKED_H

#include "vhdx.h"

#include <stdlib.h>
#include <string.h>

#ifndef VHDX_FUZZ_SIZE_MAX
#define VHDX_FUZZ_SIZE_MAX VHDX_PACKED_SEED_SIZE_MAX
#endif
#ifndef __has_feature
#define __has_feature(name) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#ifdef __cplusplus
extern "C" {
#endif
void __asan_poison_memory_region(void const volatile *start, size_t size);
void __asan_unpoison_memory_region(void const volatile *start, size_t size);
#ifdef __cplusplus
}
#endif
#define VHDX_NO_BOUNDS(image) __asan_unpoison_memory_region((image)->bytes, (image)->room)
#define VHDX_BOUNDS(image) \
  (VHDX_NO_BOUNDS(image), \
   __asan_poison_memory_region((image)->bytes + (image)->size, (image)->room - (image)->size))
#else
#define VHDX_BOUNDS(image) ((void)(image))
#define VHDX_NO_BOUNDS(image) ((void)(image))
#endif

enum { VHDX_KIND_FILE_IDENTIFIER, VHDX_KIND_HEADER, VHDX_KIND_REGION_TABLE, VHDX_KIND_METADATA_TABLE,
  VHDX_KIND_FILE_PARAMETERS, VHDX_KIND_VIRTUAL_DISK_SIZE, VHDX_KIND_VIRTUAL_DISK_ID,
  VHDX_KIND_LOGICAL_SECTOR_SIZE, VHDX_KIND_PHYSICAL_SECTOR_SIZE, VHDX_KIND_PARENT_LOCATOR,
  VHDX_KIND_CHS_PARAMETERS, VHDX_KIND_PMEM_LABEL_STORAGE_AREA, VHDX_KIND_BAT_ENTRY,
  VHDX_KIND_REGION_TABLE_HEADER, VHDX_KIND_REGION_TABLE_ENTRY, VHDX_KIND_METADATA_TABLE_HEADER,
  VHDX_KIND_METADATA_TABLE_ENTRY, VHDX_KIND_PARENT_LOCATOR_HEADER, VHDX_KIND_PARENT_LOCATOR_ENTRY,
  VHDX_KIND_LOG_ENTRY_HEADER, VHDX_KIND_DATA_SECTOR, VHDX_KIND_ZERO_DESCRIPTOR, VHDX_KIND_DATA_DESCRIPTOR,
  VHDX_KINDS };
enum { VHDX_PLACES = 5 };
struct vhdx_kind { uint32_t size, checksum, first, fields; }; /* checksum: where in it, 0 for none */
static const struct vhdx_kind vhdx_kinds[VHDX_KINDS] = {
  {65536, 0, 0, 3}, {4096, 4, 3, 11}, {65536, 4, 14, 0}, {65536, 0, 14, 0}, {8, 0, 14, 4}, {8, 0, 18, 1},
  {16, 0, 19, 1}, {4, 0, 20, 1}, {4, 0, 21, 1}, {0, 0, 22, 0}, {8, 0, 22, 2}, {28, 0, 24, 5}, {8, 0, 29, 4},
  {16, 0, 33, 4}, {32, 0, 37, 5}, {32, 0, 42, 4}, {32, 0, 46, 8}, {20, 0, 54, 3}, {12, 0, 57, 4},
  {64, 0, 61, 10}, {4096, 0, 71, 4}, {32, 0, 75, 5}, {32, 0, 80, 5}};
struct vhdx_place { uint64_t offset; uint32_t kind; };
static const struct vhdx_place vhdx_places[VHDX_PLACES] = {
  {VHDX_FILE_IDENTIFIER_OFFSET, VHDX_KIND_FILE_IDENTIFIER}, {VHDX_HEADER_1_OFFSET, VHDX_KIND_HEADER},
  {VHDX_HEADER_2_OFFSET, VHDX_KIND_HEADER}, {VHDX_REGION_TABLE_1_OFFSET, VHDX_KIND_REGION_TABLE},
  {VHDX_REGION_TABLE_2_OFFSET, VHDX_KIND_REGION_TABLE}};
enum {
  VHDX_PAGE = VHDX_LOG_SECTOR_SIZE, /* of memory: which pages may hold anything but zeros is known */
  VHDX_KEPT = 64,                   /* entries of one table, entries of a log, descriptors of an entry */
  VHDX_LOG_SEALS = 1024,            /* entries of a log whose checksums are looked after */
  VHDX_LAPS = 4,                    /* how often each byte of a log may be covered */
  VHDX_BAT_SEEN = 8000,             /* entries of the table among which those in use are looked for */
  VHDX_TARGETS = 1024,
  VHDX_SEALS = VHDX_PLACES + 2 * VHDX_LOG_SEALS
};

struct vhdx_seal { /* what a checksum covers: `first` bytes at `offset`, then `size` - `first` at `log` */
  uint64_t offset, size, first, checksum, log, log_length;
};

struct vhdx_image {
  uint8_t *bytes, *touched; /* a page that is not touched is zero */
  size_t size, room, seal_count;
  struct vhdx_seal *seals;
};

#define VHDX_AT(structure, member) offsetof(struct vhdx_##structure, member)
#define VHDX_WIDTH(structure, member) sizeof(((struct vhdx_##structure *)0)->member)
#define VHDX_GET(image, at, structure, member) \
  vhdx_read(image, (at) + VHDX_AT(structure, member), VHDX_WIDTH(structure, member))
#define VHDX_PUT(image, at, structure, member, number) \
  vhdx_store(image, (at) + VHDX_AT(structure, member), VHDX_WIDTH(structure, member), number)

static inline uint64_t vhdx_least(uint64_t a, uint64_t b) { return a < b ? a : b; }

static inline uint64_t vhdx_word(const uint8_t *raw, uint64_t count) {
  uint64_t number = 0;
  while (count--) number = number << 8 | raw[count];
  return number;
}

/* A field of the file; what lies behind the end counts as zero. */
static inline uint64_t vhdx_read(const struct vhdx_image *image, uint64_t offset, uint64_t count) {
  return offset < image->size ? vhdx_word(image->bytes + offset, vhdx_least(count, image->size - offset)) : 0;
}

static inline int vhdx_is_inside(const struct vhdx_image *image, uint64_t offset, uint64_t count) {
  return offset <= image->size && count <= image->size - offset;
}

/* Bytes of the file that are going to be written, or NULL where they are not all in it. */
static inline uint8_t *vhdx_span(struct vhdx_image *image, uint64_t offset, uint64_t count) {
  if (!count || !vhdx_is_inside(image, offset, count)) return NULL;
  memset(image->touched + offset / VHDX_PAGE, 1, (offset + count - 1) / VHDX_PAGE - offset / VHDX_PAGE + 1);
  return image->bytes + offset;
}

static inline void vhdx_store(struct vhdx_image *image, uint64_t offset, uint64_t count, uint64_t number) {
  uint8_t *raw = vhdx_span(image, offset, count);
  for (; raw && count--; number >>= 8) *raw++ = (uint8_t)number;
}

static inline void vhdx_free(struct vhdx_image *image) {
  VHDX_NO_BOUNDS(image);
  free(image->bytes), free(image->touched), free(image->seals);
  memset(image, 0, sizeof *image);
}

/* Zero what is not zero from an offset on. */
static inline void vhdx_clear(struct vhdx_image *image, size_t offset) {
  size_t page, last = (image->size + VHDX_PAGE - 1) / VHDX_PAGE;
  for (page = offset / VHDX_PAGE; page < last; page++) {
    size_t start = page * VHDX_PAGE < offset ? offset : page * VHDX_PAGE;
    if (!image->touched[page]) continue;
    memset(image->bytes + start, 0, vhdx_least(image->size, (page + 1) * VHDX_PAGE) - start);
    if (start != offset || offset % VHDX_PAGE == 0) image->touched[page] = 0;
  }
}

/* Give the file another length; 0, or -1 where it would be too long. */
static inline int vhdx_resize(struct vhdx_image *image, uint64_t size) {
  if (size > VHDX_FUZZ_SIZE_MAX) return -1;
  if (size < image->size) vhdx_clear(image, size);
  VHDX_NO_BOUNDS(image);
  if (size > image->room || !image->bytes) {
    size_t page, pages = (vhdx_least(VHDX_FUZZ_SIZE_MAX, 2 * size) + VHDX_PAGE) / VHDX_PAGE;
    struct vhdx_image more = {NULL, NULL, image->size, pages * VHDX_PAGE, image->seal_count, image->seals};
    more.bytes = (uint8_t *)calloc(pages, VHDX_PAGE), more.touched = (uint8_t *)calloc(pages, 1);
    if (!more.seals) more.seals = (struct vhdx_seal *)malloc(VHDX_SEALS * sizeof *more.seals);
    image->seals = NULL;
    if (!more.bytes || !more.touched || !more.seals) return vhdx_free(&more), vhdx_free(image), -1;
    for (page = 0; page < image->room / VHDX_PAGE; page++)
      if (image->touched[page]) {
        memcpy(more.bytes + page * VHDX_PAGE, image->bytes + page * VHDX_PAGE, VHDX_PAGE);
        more.touched[page] = 1;
      }
    vhdx_free(image), *image = more;
  }
  image->size = size;
  VHDX_BOUNDS(image);
  return 0;
}

static inline int vhdx_unpack(const uint8_t *data, size_t size, struct vhdx_image *image) {
  size_t done = sizeof(struct vhdx_packed_image);
  int is_whole = size >= done && !memcmp(data, VHDX_PACKED_MAGIC, sizeof VHDX_PACKED_MAGIC - 1);
  vhdx_clear(image, 0);
  if (!is_whole) return vhdx_resize(image, 0), -1;
  if (vhdx_resize(image, vhdx_word(data + VHDX_AT(packed_image, file_length), VHDX_WIDTH(packed_image, file_length))))
    return vhdx_resize(image, 0), -1;
  while (is_whole && done < size) {
    const uint8_t *run = data + done;
    uint64_t offset, length;
    is_whole = size - done >= sizeof(struct vhdx_packed_run) && *run == VHDX_PACKED_LITERAL[0];
    if (!is_whole) break;
    offset = vhdx_word(run + VHDX_AT(packed_run, offset), VHDX_WIDTH(packed_run, offset));
    length = vhdx_word(run + VHDX_AT(packed_run, length), VHDX_WIDTH(packed_run, length));
    done += sizeof(struct vhdx_packed_run);
    is_whole = length <= size - done && vhdx_is_inside(image, offset, length);
    if (is_whole && length) memcpy(vhdx_span(image, offset, length), data + done, length), done += length;
  }
  if (is_whole) return 0;
  vhdx_clear(image, 0);
  return vhdx_resize(image, 0), -1;
}

/* The next place of a byte that is not zero, from an offset on; the file's size where there is none. */
static inline size_t vhdx_next_byte(const struct vhdx_image *image, size_t offset) {
  static const uint8_t zeros[64] = {0};
  while (offset < image->size) {
    size_t end = vhdx_least(image->size, (offset / VHDX_PAGE + 1) * VHDX_PAGE);
    if (!image->touched[offset / VHDX_PAGE]) { offset = end; continue; }
    while (end - offset >= sizeof zeros && !memcmp(image->bytes + offset, zeros, sizeof zeros)) offset += sizeof zeros;
    for (; offset < end; offset++) if (image->bytes[offset]) return offset;
  }
  return image->size;
}

static inline size_t vhdx_pack(const struct vhdx_image *image, uint8_t *out, size_t room) {
  size_t start, end, next, done = sizeof(struct vhdx_packed_image), index, head = sizeof(struct vhdx_packed_run);
  if (room < done) return 0;
  memcpy(out, VHDX_PACKED_MAGIC, sizeof VHDX_PACKED_MAGIC - 1);
  for (index = 0; index < VHDX_WIDTH(packed_image, file_length); index++)
    out[VHDX_AT(packed_image, file_length) + index] = (uint8_t)((uint64_t)image->size >> 8 * index);
  for (start = vhdx_next_byte(image, 0); start < image->size; start = next) {
    for (end = next = start; next < image->size && next < end + head; next = vhdx_next_byte(image, end))
      for (end = next; end < image->size && image->bytes[end];) end++;
    if (room - done < head || room - done - head < end - start) return 0;
    out[done] = (uint8_t)VHDX_PACKED_LITERAL[0];
    for (index = 0; index < VHDX_WIDTH(packed_run, offset); index++) {
      out[done + VHDX_AT(packed_run, offset) + index] = (uint8_t)((uint64_t)start >> 8 * index);
      out[done + VHDX_AT(packed_run, length) + index] = (uint8_t)((uint64_t)(end - start) >> 8 * index);
    }
    memcpy(out + done + head, image->bytes + start, end - start);
    done += head + (end - start);
  }
  return done;
}

/* CRC-32C, without its last step: eight bytes at a time, and a page of zeros as a whole. */
static inline uint32_t vhdx_crc(uint32_t crc, const uint8_t *raw, size_t count) {
  static uint32_t table[8][256], pages[32];
  uint32_t index, k, before = crc;
  if (!pages[31]) {
    for (index = 0; index < 256; index++) {
      for (crc = index, k = 0; k < 8; k++) crc = crc >> 1 ^ (crc & 1 ? VHDX_CRC32C_POLYNOMIAL_REFLECTED : 0);
      table[0][index] = crc;
    }
    for (k = 1; k < 8; k++)
      for (index = 0; index < 256; index++)
        table[k][index] = table[k - 1][index] >> 8 ^ table[0][table[k - 1][index] & 255];
    for (k = 0; k < 32; k++)
      for (pages[k] = UINT32_C(1) << k, index = 0; index < VHDX_PAGE; index++)
        pages[k] = pages[k] >> 8 ^ table[0][pages[k] & 255];
    crc = before;
  }
  if (!raw) {
    for (k = index = 0; k < 32; k++) if (crc >> k & 1) index ^= pages[k];
    return index;
  }
  for (; count >= 8; count -= 8, raw += 8) {
    uint64_t word = vhdx_word(raw, 8) ^ crc;
    for (crc = k = 0; k < 8; k++) crc ^= table[7 - k][word >> 8 * k & 255];
  }
  while (count--) crc = crc >> 8 ^ table[0][(crc ^ *raw++) & 255];
  return crc;
}

static inline uint32_t vhdx_crc_of(const struct vhdx_image *image, uint32_t crc, uint64_t offset, uint64_t count) {
  while (count) {
    uint64_t part = vhdx_least(VHDX_PAGE - offset % VHDX_PAGE, count);
    int is_zero = part == VHDX_PAGE && !image->touched[offset / VHDX_PAGE];
    crc = vhdx_crc(crc, is_zero ? NULL : image->bytes + offset, part);
    offset += part, count -= part;
  }
  return crc;
}

static inline void vhdx_add_log(struct vhdx_image *image, uint64_t start, uint64_t length) {
  uint64_t at, left = VHDX_LAPS * length, count = 0;
  for (at = start; at < start + length && count < VHDX_LOG_SEALS; at += VHDX_LOG_SECTOR_SIZE) {
    struct vhdx_seal seal = {at, 0, 0, VHDX_AT(log_entry_header, checksum), start, length};
    const uint64_t width = VHDX_WIDTH(log_entry_header, signature);
    if (!image->touched[at / VHDX_PAGE] || !vhdx_is_inside(image, at, width)) continue;
    if (memcmp(image->bytes + at, VHDX_LOG_ENTRY_SIGNATURE, width)) continue;
    seal.size = VHDX_GET(image, at, log_entry_header, entry_length);
    seal.first = vhdx_least(seal.size, start + length - at);
    if (seal.size < VHDX_LOG_ENTRY_HEADER_SIZE || seal.size > vhdx_least(length, left)) continue;
    image->seals[image->seal_count++] = seal;
    left -= seal.size, count++;
  }
}

/* Everything that a checksum covers: fixed places, then the entries of the logs that headers speak of. */
static inline void vhdx_find_seals(struct vhdx_image *image) {
  uint64_t log[2][2];
  size_t index, logs = 0;
  image->seal_count = 0;
  for (index = 0; index < VHDX_PLACES; index++) {
    const struct vhdx_place *place = &vhdx_places[index];
    uint64_t size = vhdx_kinds[place->kind].size, start, length;
    struct vhdx_seal seal = {place->offset, size, size, vhdx_kinds[place->kind].checksum, 0, 0};
    if (!seal.checksum || !vhdx_is_inside(image, place->offset, size)) continue;
    image->seals[image->seal_count++] = seal;
    if (place->kind != VHDX_KIND_HEADER || logs == 2) continue;
    start = VHDX_GET(image, place->offset, header, log_offset);
    length = VHDX_GET(image, place->offset, header, log_length);
    if (length && vhdx_is_inside(image, start, length)) log[logs][0] = start, log[logs++][1] = length;
  }
  if (logs == 2 && log[0][0] == log[1][0] && log[0][1] == log[1][1]) logs = 1;
  index = logs == 2 && (log[1][0] < log[0][0] || (log[1][0] == log[0][0] && log[1][1] < log[0][1]));
  if (logs) vhdx_add_log(image, log[index][0], log[index][1]);
  if (logs == 2) vhdx_add_log(image, log[!index][0], log[!index][1]);
}

static inline void vhdx_seal_one(struct vhdx_image *image, const struct vhdx_seal *seal) {
  static const uint8_t zeros[VHDX_WIDTH(header, checksum)] = {0};
  uint64_t before = seal->checksum, behind = before + sizeof zeros;
  uint32_t crc = vhdx_crc_of(image, VHDX_CRC32C_INITIAL, seal->offset, vhdx_least(before, seal->first));
  crc = vhdx_crc(crc, zeros, sizeof zeros);
  if (seal->first > behind) crc = vhdx_crc_of(image, crc, seal->offset + behind, seal->first - behind);
  crc = vhdx_crc_of(image, crc, seal->log, seal->size - seal->first);
  vhdx_store(image, seal->offset + before, sizeof zeros, crc ^ VHDX_CRC32C_INITIAL);
}

static inline void vhdx_reseal(struct vhdx_image *image) {
  size_t index;
  vhdx_find_seals(image);
  for (index = 0; index < image->seal_count; index++) vhdx_seal_one(image, &image->seals[index]);
}

#endif
