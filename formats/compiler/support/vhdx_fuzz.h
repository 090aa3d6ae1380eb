/* Mutators of packed seeds of VHDX for AFL++ and libFuzzer: by structure, checksums right again, at native speed.
 *
 * VHDX_FUZZ_LIBFUZZER or VHDX_FUZZ_AFL, defined before, gives the functions that these fuzzers look for by name:
 *
 *   cc -O2 -shared -fPIC -DVHDX_FUZZ_AFL -x c vhdx_fuzz.h -o vhdx_fuzz.so    for AFL_CUSTOM_MUTATOR_LIBRARY
 *
 * A mutant has one change or some: fields get other values, structures are copied, swapped, moved and repeated, bytes
 * changed, the file cut or lengthened. Then every checksum is right, but for one mutant in 32. Data that are no packed
 * seed have bits flipped. The same seed of chance, data and limit give the same mutant.
 *
 * Machine-written from formats/ by `make generate`; do not edit.
 */
#ifndef VHDX_FUZZ_H
#define VHDX_FUZZ_H

#include "vhdx_packed.h"

@TABLES@
/* The structures of a file, a source of chance, and what mutants are made of. */

struct vhdx_target {
  uint32_t kind;
  int32_t seal; /* what covers it, or -1 */
  uint64_t offset;
};

struct vhdx_specimen {
  struct vhdx_image image;
  struct vhdx_target targets[VHDX_TARGETS];
  uint32_t count, of_kind[VHDX_KINDS];
};

struct vhdx_mutator {
  struct vhdx_specimen base, other;
  struct vhdx_image scratch;
  const struct vhdx_specimen *donor; /* from which structures are copied */
  uint64_t chance;
  uint8_t *out;
  size_t room;
};

static inline void vhdx_inside(struct vhdx_specimen *one, uint32_t kind, uint64_t offset, uint64_t end, int32_t seal);

/* A structure, if it lies in the file, and those inside it. */
static inline void vhdx_add(struct vhdx_specimen *one, uint32_t kind, uint64_t offset, int32_t seal) {
  uint64_t size = vhdx_kinds[kind].size;
  struct vhdx_target target = {kind, seal, offset};
  if (!vhdx_is_inside(&one->image, offset, size)) return;
  if (vhdx_kinds[kind].fields && one->count < VHDX_TARGETS) one->targets[one->count++] = target, one->of_kind[kind]++;
  vhdx_inside(one, kind, offset, size ? offset + size : one->image.size, seal);
}

static inline void vhdx_inside(struct vhdx_specimen *one, uint32_t kind, uint64_t offset, uint64_t end, int32_t seal) {
  uint32_t row, index;
  for (row = 0; row < VHDX_ROWS; row++) {
    const struct vhdx_row *inner = &vhdx_rows[row];
    uint64_t place = offset + inner->offset, count = 1, size = vhdx_kinds[inner->inner].size;
    if (inner->outer != kind) continue;
    if (inner->count_size) count = vhdx_read(&one->image, offset + inner->count, inner->count_size);
    for (index = 0; index < vhdx_least(count, VHDX_KEPT) && place + size <= end; index++, place += size)
      vhdx_add(one, inner->inner, place, seal);
  }
}

/* The number of a known GUID that stands in the file, or VHDX_GUIDS. */
static inline uint32_t vhdx_known(const struct vhdx_image *image, uint64_t offset) {
  uint32_t index = 0, size = sizeof(struct vhdx_ms_guid);
  if (!vhdx_is_inside(image, offset, size)) return VHDX_GUIDS;
  while (index < VHDX_GUIDS && memcmp(image->bytes + offset, vhdx_guids[index].raw, size)) index++;
  return index;
}

static inline void vhdx_add_metadata(struct vhdx_specimen *one, uint64_t offset) {
  uint32_t index, first = one->count, last;
  vhdx_inside(one, VHDX_KIND_METADATA_TABLE, offset, offset + VHDX_METADATA_TABLE_SIZE, -1);
  for (index = first, last = one->count; index < last; index++) {
    uint64_t at = one->targets[index].offset;
    uint32_t known = vhdx_known(&one->image, at + VHDX_AT(metadata_table_entry, item_id));
    if (one->targets[index].kind != VHDX_KIND_METADATA_TABLE_ENTRY || known == VHDX_GUIDS) continue;
    if (vhdx_items[known] < VHDX_KINDS)
      vhdx_add(one, vhdx_items[known], offset + VHDX_GET(&one->image, at, metadata_table_entry, offset), -1);
  }
}

/* The first two entries of the table, and those that are not zero. */
static inline void vhdx_add_bat(struct vhdx_specimen *one, uint64_t offset) {
  uint64_t size = sizeof(struct vhdx_bat_entry), index, kept = 0;
  for (index = 0; index < VHDX_BAT_SEEN && kept < VHDX_KEPT; index++) {
    uint64_t at = offset + index * size;
    if (!vhdx_is_inside(&one->image, at, size)) return;
    if (index > 1 && !one->image.touched[at / VHDX_PAGE]) index += (VHDX_PAGE - at % VHDX_PAGE - 1) / size;
    else if (index < 2 || vhdx_read(&one->image, at, size)) vhdx_add(one, VHDX_KIND_BAT_ENTRY, at, -1), kept++;
  }
}

static inline void vhdx_add_entry(struct vhdx_specimen *one, int32_t number) {
  const struct vhdx_seal *seal = &one->image.seals[number];
  uint64_t size = VHDX_LOG_DESCRIPTOR_SIZE, head = VHDX_LOG_ENTRY_HEADER_SIZE, start = seal->offset - seal->log;
  uint64_t count = VHDX_GET(&one->image, seal->offset, log_entry_header, descriptor_count), index, area;
  vhdx_add(one, VHDX_KIND_LOG_ENTRY_HEADER, seal->offset, number);
  for (index = 0; index < vhdx_least(count, VHDX_KEPT) && head + size * (index + 1) <= seal->size; index++) {
    uint64_t at = seal->log + (start + head + size * index) % seal->log_length;
    uint64_t width = VHDX_WIDTH(data_descriptor, signature), signature = vhdx_read(&one->image, at, width);
    int is_data = signature == vhdx_word((const uint8_t *)VHDX_DATA_DESCRIPTOR_SIGNATURE, width);
    vhdx_add(one, is_data ? VHDX_KIND_DATA_DESCRIPTOR : VHDX_KIND_ZERO_DESCRIPTOR, at, number);
  }
  area = (head + size * count + VHDX_LOG_SECTOR_SIZE - 1) / VHDX_LOG_SECTOR_SIZE;
  for (index = area; index < seal->size / VHDX_LOG_SECTOR_SIZE && index < area + VHDX_KEPT; index++)
    vhdx_add(one, VHDX_KIND_DATA_SECTOR, seal->log + (start + index * VHDX_LOG_SECTOR_SIZE) % seal->log_length, number);
}

static inline void vhdx_find(struct vhdx_specimen *one) {
  uint32_t index, first, last;
  one->count = 0, memset(one->of_kind, 0, sizeof one->of_kind);
  vhdx_find_seals(&one->image);
  for (first = 0, index = 0; index < VHDX_PLACES; index++) {
    int is_sealed = first < one->image.seal_count && one->image.seals[first].offset == vhdx_places[index].offset;
    vhdx_add(one, vhdx_places[index].kind, vhdx_places[index].offset, is_sealed ? (int32_t)first++ : -1);
  }
  for (last = one->count, index = 0; index < last; index++) {
    uint64_t at = one->targets[index].offset, offset, earlier;
    uint32_t known = vhdx_known(&one->image, at + VHDX_AT(region_table_entry, guid));
    if (one->targets[index].kind != VHDX_KIND_REGION_TABLE_ENTRY) continue;
    offset = VHDX_GET(&one->image, at, region_table_entry, file_offset);
    for (earlier = 0; earlier < index; earlier++)
      if (one->targets[earlier].kind == VHDX_KIND_REGION_TABLE_ENTRY &&
          VHDX_GET(&one->image, one->targets[earlier].offset, region_table_entry, file_offset) == offset) break;
    if (earlier < index || offset >= one->image.size) continue;
    if (known == VHDX_GUID_METADATA_REGION) vhdx_add_metadata(one, offset);
    if (known == VHDX_GUID_BAT_REGION) vhdx_add_bat(one, offset);
  }
  for (index = 0, last = 0; index < one->image.seal_count; index++)
    if (one->image.seals[index].log_length && last++ < VHDX_KEPT) vhdx_add_entry(one, (int32_t)index);
}

static inline uint64_t vhdx_chance(struct vhdx_mutator *m) { /* splitmix64 */
  uint64_t z = m->chance += UINT64_C(0x9E3779B97F4A7C15);
  z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
  z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
  return z ^ z >> 31;
}

static inline uint64_t vhdx_below(struct vhdx_mutator *m, uint64_t count) { return count ? vhdx_chance(m) % count : 0; }

/* One of the structures of a kind, or of any, each kind as likely as the others; NULL where there is none. */
static inline const struct vhdx_target *vhdx_any(struct vhdx_mutator *m, const struct vhdx_specimen *one,
                                                 uint32_t kind) {
  uint32_t index, kinds = 0;
  uint64_t number;
  for (index = 0; index < VHDX_KINDS && kind == VHDX_KINDS; index++) kinds += one->of_kind[index] > 0;
  for (index = 0, number = vhdx_below(m, kinds); index < VHDX_KINDS && kind == VHDX_KINDS; index++)
    if (one->of_kind[index] && !number--) kind = index;
  if (kind >= VHDX_KINDS || !one->of_kind[kind]) return NULL;
  for (index = 0, number = vhdx_below(m, one->of_kind[kind]); index < one->count; index++)
    if (one->targets[index].kind == kind && !number--) return &one->targets[index];
  return NULL;
}

static inline uint64_t vhdx_step(struct vhdx_mutator *m) {
  static const uint64_t units[] = {1, 8, VHDX_SECTOR_SIZE_512, VHDX_LOG_SECTOR_SIZE, VHDX_OBJECT_ALIGNMENT};
  uint64_t unit = units[vhdx_below(m, sizeof units / sizeof *units)];
  return vhdx_below(m, 3) ? 0 : vhdx_below(m, 2) ? unit : 0 - unit;
}

/* A file offset or a length that means something in this file. */
static inline uint64_t vhdx_some_place(struct vhdx_mutator *m) {
  const struct vhdx_target *target = vhdx_any(m, &m->base, VHDX_KINDS);
  uint64_t start = target ? target->offset : 0, size = target ? vhdx_kinds[target->kind].size : 0;
  uint64_t step = vhdx_step(m), end = m->base.image.size, whole = start - start % VHDX_OBJECT_ALIGNMENT;
  uint64_t choice[6] = {start, start + size, whole, end, end - start, size};
  return choice[vhdx_below(m, 6)] + step;
}

/* Another value for an integer of so many bits. */
static inline uint64_t vhdx_other_number(struct vhdx_mutator *m, const struct vhdx_field *field, uint64_t old) {
  static const uint64_t near[] = {0, 0, 1, UINT64_MAX, UINT64_MAX - 1, 2};
  uint64_t bits = field->bits, kind = vhdx_below(m, 6), step = vhdx_step(m), shift = vhdx_below(m, bits);
  if (bits <= 4) return kind ? vhdx_chance(m) : old ^ 1;
  if (field->flags & VHDX_IS_COUNT && vhdx_below(m, 8)) { /* many empty entries teach little and cost much */
    uint64_t counts[6] = {0, 1, old - 1, old + 1, old + 2, 2 * old};
    return counts[kind];
  }
  if (kind == 0) return (shift & 1 ? UINT64_C(1) << (bits - 1) : 0) + near[vhdx_below(m, 6)];
  if (kind == 1) return vhdx_integers[vhdx_below(m, VHDX_INTEGERS)] + step;
  if (kind == 2) return vhdx_some_place(m) / (field->flags & VHDX_IS_MIB ? VHDX_OBJECT_ALIGNMENT : 1);
  if (kind == 3) {
    uint64_t steps[6] = {old + 1, old - 1, old * 2, old / 2, ~old, old + step};
    return steps[vhdx_below(m, 6)];
  }
  return kind == 4 ? old ^ UINT64_C(1) << shift : vhdx_chance(m) >> shift;
}

/* Change bytes somewhere in a range: a bit flipped, zeros, ones, a signature or noise. */
static inline void vhdx_change_range(struct vhdx_mutator *m, uint64_t offset, uint64_t size) {
  uint64_t start = offset + vhdx_below(m, size), kind = vhdx_below(m, 5), index;
  uint64_t count = 1 + vhdx_below(m, vhdx_least(VHDX_KEPT, offset + size - start));
  const char *text = vhdx_signatures[vhdx_below(m, VHDX_SIGNATURES)];
  uint8_t *raw;
  if (kind == 0) count = 1;
  if (kind == 1) start = offset, count = vhdx_least(size, strlen(text));
  if (!(raw = vhdx_span(&m->base.image, start, count))) return;
  for (index = 0; index < count; index++) {
    if (kind == 0) raw[index] ^= (uint8_t)(1 << vhdx_below(m, 8));
    else if (kind == 1) raw[index] = (uint8_t)text[index];
    else raw[index] = kind == 2 ? 0 : kind == 3 ? 255 : (uint8_t)vhdx_chance(m);
  }
}

/* Copy a range, within a file or from one to another; pages of zeros cost nothing. */
static inline void vhdx_copy(struct vhdx_image *to, uint64_t at, const struct vhdx_image *from, uint64_t offset,
                             uint64_t count) {
  while (count && vhdx_is_inside(from, offset, 1) && vhdx_is_inside(to, at, 1)) {
    uint64_t part = vhdx_least(count, VHDX_PAGE - offset % VHDX_PAGE), room = VHDX_PAGE - at % VHDX_PAGE;
    part = vhdx_least(vhdx_least(part, room), vhdx_least(from->size - offset, to->size - at));
    if (from->touched[offset / VHDX_PAGE] || to->touched[at / VHDX_PAGE])
      memmove(vhdx_span(to, at, part), from->bytes + offset, part);
    at += part, offset += part, count -= part;
  }
}

static inline void vhdx_change_field(struct vhdx_mutator *m, const struct vhdx_target *target) {
  const struct vhdx_kind *kind = &vhdx_kinds[target->kind];
  const struct vhdx_target *twin = vhdx_any(m, &m->base, target->kind), *source = vhdx_any(m, m->donor, target->kind);
  const struct vhdx_field *field = &vhdx_fields[kind->first + vhdx_below(m, kind->fields)];
  struct vhdx_image *image = &m->base.image;
  uint64_t at;
  if (field->flags & VHDX_IS_DULL && vhdx_below(m, 8)) field = &vhdx_fields[kind->first + vhdx_below(m, kind->fields)];
  at = target->offset + field->offset;
  if (source && vhdx_below(m, 8) == 0)
    vhdx_copy(image, at, &m->donor->image, source->offset + field->offset, field->size);
  else if (field->bits) {
    uint64_t mask = (field->bits < 64 ? UINT64_C(1) << field->bits : 0) - 1, word = vhdx_read(image, at, field->size);
    uint64_t number = vhdx_other_number(m, field, word >> field->bit & mask) & mask;
    vhdx_store(image, at, field->size, (word & ~(mask << field->bit)) | number << field->bit);
  } else if (field->flags & VHDX_IS_GUID && vhdx_below(m, 3)) {
    uint8_t *raw = vhdx_span(image, at, field->size);
    uint32_t known = (uint32_t)vhdx_below(m, VHDX_GUIDS + 3);
    if (raw) memset(raw, 0, field->size);
    if (raw && known < VHDX_GUIDS) memcpy(raw, vhdx_guids[known].raw, field->size);
  } else
    vhdx_change_range(m, at, field->size);
  if (target->seal >= 0 && twin && twin != target && vhdx_below(m, 5) < 2)
    vhdx_copy(image, twin->offset + field->offset, image, at, field->size);
}

static inline void vhdx_change_structure(struct vhdx_mutator *m, const struct vhdx_target *target, int swaps) {
  const struct vhdx_specimen *from = swaps ? &m->base : m->donor;
  const struct vhdx_target *source = vhdx_any(m, from, target->kind);
  uint64_t index, size = vhdx_kinds[target->kind].size;
  uint8_t *a, *b;
  if (!source) return;
  if (!swaps) { vhdx_copy(&m->base.image, target->offset, &from->image, source->offset, size); return; }
  a = vhdx_span(&m->base.image, target->offset, size), b = vhdx_span(&m->base.image, source->offset, size);
  for (index = 0; a && b && index < size; index++) { uint8_t was = a[index]; a[index] = b[index]; b[index] = was; }
}

/* The row of what an entry of a table stands in, and the file offset of that; NULL for other structures. */
static inline const struct vhdx_row *vhdx_table_of(struct vhdx_mutator *m, const struct vhdx_target *entry,
                                                   uint64_t *at) {
  const struct vhdx_row *row = vhdx_rows, *end = vhdx_rows + VHDX_ROWS;
  uint64_t size = vhdx_kinds[entry->kind].size;
  while (row < end && !(row->inner == entry->kind && row->count_size)) row++;
  if (row == end) return NULL;
  while (entry > m->base.targets && entry[-1].kind == entry->kind && entry[-1].offset + size == entry->offset) entry--;
  *at = entry->offset - row->offset;
  return row;
}

/* Change an item of the metadata, mostly a long one, as bytes or as text of 16-bit units. */
static inline void vhdx_change_item(struct vhdx_mutator *m) {
  struct vhdx_image *image = &m->base.image;
  uint64_t at = 0, length = 0, tries = 8, place, unit = vhdx_chance(m), kind = vhdx_below(m, 8), width = 2;
  uint8_t *raw;
  while (length <= sizeof(struct vhdx_ms_guid) && tries--) {
    const struct vhdx_target *entry = vhdx_any(m, &m->base, VHDX_KIND_METADATA_TABLE_ENTRY);
    if (!entry || !vhdx_table_of(m, entry, &at)) return;
    at += VHDX_GET(image, entry->offset, metadata_table_entry, offset);
    length = vhdx_least(VHDX_GET(image, entry->offset, metadata_table_entry, length), VHDX_PAGE);
  }
  place = vhdx_below(m, length / width) * width;
  if (kind == 0 || length < width || !(raw = vhdx_span(image, at, length))) vhdx_change_range(m, at, length);
  else if (kind < 6) vhdx_store(image, at + place, width, kind < 5 ? unit & 127 : unit);
  else if (kind == 6) memmove(raw + place, raw + place + width, length - place - width);
  else memmove(raw + place + width, raw + place, length - place - width);
}

/* Take an entry out of a table, put one in twice, or append one; the count follows, mostly. */
static inline void vhdx_change_table(struct vhdx_mutator *m, const struct vhdx_target *target) {
  struct vhdx_image *image = &m->base.image;
  uint64_t size = vhdx_kinds[target->kind].size, at, count, behind, kind = vhdx_below(m, 3);
  const struct vhdx_row *row = vhdx_table_of(m, target, &at);
  uint8_t *raw;
  if (!row) return;
  count = vhdx_read(image, at + row->count, row->count_size);
  behind = at + row->offset + size * vhdx_least(count, VHDX_KEPT);
  behind = behind > target->offset + size ? behind - target->offset - size : 0;
  raw = vhdx_span(image, target->offset, behind + 2 * size);
  if (!raw) return;
  if (kind == 0) memmove(raw, raw + size, behind), memset(raw + behind, 0, size);
  else if (kind == 1) memmove(raw + size, raw, size + behind);
  else {
    memcpy(raw + size + behind, raw, size);
    vhdx_change_range(m, target->offset + size + behind, sizeof(struct vhdx_ms_guid));
  }
  if (vhdx_below(m, 5)) vhdx_store(image, at + row->count, row->count_size, kind ? count + 1 : count - 1);
}

/* Put a whole object that a checksum covers over another one: a header slot, a region table, a log entry. */
static inline void vhdx_change_object(struct vhdx_mutator *m) {
  const struct vhdx_image *from = &m->donor->image;
  const struct vhdx_seal *to = m->base.image.seals, *source = from->seals;
  if (!m->base.image.seal_count || !from->seal_count) return;
  to += vhdx_below(m, m->base.image.seal_count), source += vhdx_below(m, from->seal_count);
  if (!to->log_length == !source->log_length && (to->log_length || to->size == source->size))
    vhdx_copy(&m->base.image, to->offset, from, source->offset, source->first);
}

/* Put a log entry into the log, over one or behind it, mostly so that it counts. */
static inline void vhdx_splice(struct vhdx_mutator *m, const struct vhdx_target *home) {
  struct vhdx_image *image = &m->base.image;
  const struct vhdx_target *source = vhdx_any(m, m->donor, VHDX_KIND_LOG_ENTRY_HEADER);
  const struct vhdx_seal *seal = &image->seals[home->seal < 0 ? 0 : home->seal];
  uint64_t at = home->offset, number, index, count, size, area, descriptor = VHDX_LOG_DESCRIPTOR_SIZE;
  if (!source || home->kind != VHDX_KIND_LOG_ENTRY_HEADER || home->seal < 0) return;
  number = VHDX_GET(image, at, log_entry_header, sequence_number) + vhdx_below(m, 4);
  if (vhdx_resize(&m->scratch, sizeof(struct vhdx_ms_guid))) return;
  vhdx_copy(&m->scratch, 0, image, at + VHDX_AT(log_entry_header, log_guid), sizeof(struct vhdx_ms_guid));
  if (vhdx_below(m, 2)) at = seal->log + (at - seal->log + seal->size) % seal->log_length;
  size = m->donor->image.seals[source->seal].first;
  vhdx_copy(image, at, &m->donor->image, source->offset, size);
  if (vhdx_below(m, 2)) VHDX_PUT(image, at, log_entry_header, tail, at - seal->log);
  if (!vhdx_below(m, 5)) return;
  vhdx_copy(image, at + VHDX_AT(log_entry_header, log_guid), &m->scratch, 0, sizeof(struct vhdx_ms_guid));
  VHDX_PUT(image, at, log_entry_header, sequence_number, number);
  count = vhdx_least(VHDX_GET(image, at, log_entry_header, descriptor_count), size / descriptor);
  area = VHDX_LOG_ENTRY_HEADER_SIZE + count * descriptor;
  for (index = VHDX_LOG_ENTRY_HEADER_SIZE; index < area; index += descriptor)
    VHDX_PUT(image, at + index, data_descriptor, sequence_number, number);
  index = (area + VHDX_LOG_SECTOR_SIZE - 1) / VHDX_LOG_SECTOR_SIZE * VHDX_LOG_SECTOR_SIZE;
  for (; index < size; index += VHDX_LOG_SECTOR_SIZE) {
    VHDX_PUT(image, at + index, data_sector, sequence_high, number >> 8 * VHDX_WIDTH(data_sector, sequence_low));
    VHDX_PUT(image, at + index, data_sector, sequence_low, number);
  }
}

/* Move the log or a region somewhere else, whole, with what points to it; or turn the log by some sectors. */
static inline void vhdx_move(struct vhdx_mutator *m, const struct vhdx_target *owner) {
  struct vhdx_image *image = &m->base.image;
  int is_log = owner->kind == VHDX_KIND_HEADER;
  uint64_t pointer = is_log ? VHDX_AT(header, log_offset) : VHDX_AT(region_table_entry, file_offset);
  uint64_t size = is_log ? VHDX_WIDTH(header, log_offset) : VHDX_WIDTH(region_table_entry, file_offset);
  uint64_t at = vhdx_read(image, owner->offset + pointer, size), length, to, index;
  if (!is_log && owner->kind != VHDX_KIND_REGION_TABLE_ENTRY) return;
  length = VHDX_GET(image, owner->offset, region_table_entry, length);
  if (is_log) length = VHDX_GET(image, owner->offset, header, log_length);
  if (!length || !vhdx_is_inside(image, at, length)) return;
  vhdx_resize(&m->scratch, 0);
  if (vhdx_resize(&m->scratch, length)) return;
  if (is_log && vhdx_below(m, 2)) {
    uint64_t turn = vhdx_below(m, length / VHDX_LOG_SECTOR_SIZE) * VHDX_LOG_SECTOR_SIZE;
    int has_tails = vhdx_below(m, 8) > 0;
    for (index = 0; has_tails && index < m->base.count; index++) {
      uint64_t entry = m->base.targets[index].offset, tail = VHDX_GET(image, entry, log_entry_header, tail);
      if (m->base.targets[index].kind == VHDX_KIND_LOG_ENTRY_HEADER)
        VHDX_PUT(image, entry, log_entry_header, tail, (tail + turn) % length);
    }
    vhdx_copy(&m->scratch, 0, image, at, length);
    vhdx_copy(image, at + turn, &m->scratch, 0, length - turn);
    vhdx_copy(image, at, &m->scratch, length - turn, turn);
    return;
  }
  to = vhdx_some_place(m);
  if (vhdx_below(m, 4)) to = (image->size + VHDX_OBJECT_ALIGNMENT - 1) / VHDX_OBJECT_ALIGNMENT * VHDX_OBJECT_ALIGNMENT;
  vhdx_copy(&m->scratch, 0, image, at, length);
  if (to < VHDX_FUZZ_SIZE_MAX && to + length > image->size && vhdx_resize(image, to + length)) return;
  vhdx_copy(image, to, &m->scratch, 0, length);
  for (index = 0; index < m->base.count; index++) {
    const struct vhdx_target *copy = &m->base.targets[index];
    if (copy->kind == owner->kind && vhdx_read(image, copy->offset + pointer, size) == at)
      vhdx_store(image, copy->offset + pointer, size, to);
  }
}

static inline void vhdx_change_length(struct vhdx_mutator *m) {
  uint64_t length = vhdx_below(m, 2) ? m->base.image.size + vhdx_step(m) : vhdx_some_place(m);
  if (vhdx_below(m, 3) == 0) length -= length % VHDX_OBJECT_ALIGNMENT;
  if (!m->base.image.size) length = VHDX_HEADER_SECTION_SIZE;
  (void)vhdx_resize(&m->base.image, length);
}

static inline void vhdx_change(struct vhdx_mutator *m) {
  const struct vhdx_target *target = vhdx_any(m, &m->base, VHDX_KINDS);
  uint64_t kind = vhdx_below(m, 100), times;
  if (!target || kind < 6) { vhdx_change_length(m); return; }
  if (kind < 14) vhdx_change_range(m, target->offset, vhdx_kinds[target->kind].size + VHDX_KEPT);
  else if (kind < 20) vhdx_change_structure(m, target, 0);
  else if (kind < 23) vhdx_change_structure(m, target, 1);
  else if (kind < 30) vhdx_change_table(m, target);
  else if (kind < 34) vhdx_change_object(m);
  else if (kind < 40) {
    target = vhdx_any(m, &m->base, VHDX_KIND_LOG_ENTRY_HEADER);
    if (target) vhdx_splice(m, target);
  } else if (kind < 44) {
    target = vhdx_any(m, &m->base, vhdx_below(m, 2) ? VHDX_KIND_HEADER : VHDX_KIND_REGION_TABLE_ENTRY);
    if (target) vhdx_move(m, target);
  } else if (kind < 58)
    vhdx_change_item(m);
  else
    for (times = 1 + vhdx_below(m, 5) / 3; times--;) vhdx_change_field(m, target);
}

static inline void vhdx_mutator_free(struct vhdx_mutator *m) {
  if (!m) return;
  vhdx_free(&m->base.image), vhdx_free(&m->other.image), vhdx_free(&m->scratch);
  free(m->out), free(m);
}

/* A mutator; NULL where there is no memory for one. */
static inline struct vhdx_mutator *vhdx_mutator_new(uint64_t seed) {
  struct vhdx_mutator *m = (struct vhdx_mutator *)calloc(1, sizeof *m);
  if (m) m->chance = seed;
  return m;
}

/* Change a packed seed; structures may be copied from another one, or from NULL. The mutant stands in m->out; how many
   bytes it has is returned, at most `room`, and 0 only where there is no room or no memory. */
static inline size_t vhdx_mutate(struct vhdx_mutator *m, const uint8_t *data, size_t size, const uint8_t *other,
                                 size_t other_size, size_t room) {
  size_t done, tries = 0, changes;
  if (room > m->room) {
    free(m->out), m->out = (uint8_t *)malloc(room), m->room = m->out ? room : 0;
    if (!m->out) return 0;
  }
  m->donor = &m->base;
  if (other && vhdx_below(m, 5) < 2 && !vhdx_unpack(other, other_size, &m->other.image))
    vhdx_find(&m->other), m->donor = &m->other;
  for (; tries < 16 && !vhdx_unpack(data, size, &m->base.image); tries++) {
    vhdx_find(&m->base);
    for (changes = 1 + (vhdx_below(m, 2) ? vhdx_below(m, 4) : 0); changes; changes--) vhdx_change(m);
    if (vhdx_below(m, 32)) vhdx_reseal(&m->base.image);
    done = vhdx_pack(&m->base.image, m->out, room);
    if (done && (done != size || memcmp(m->out, data, size))) return done;
  }
  done = vhdx_least(size, room);
  if (done) memcpy(m->out, data, done);
  else if (room) m->out[done++] = 0;
  for (changes = 1 + vhdx_below(m, 8); done && changes; changes--) {
    size_t bit = vhdx_below(m, 8 * done);
    m->out[bit / 8] ^= (uint8_t)(1 << bit % 8);
  }
  return done;
}

#ifdef __cplusplus
extern "C" {
#endif
#ifdef VHDX_FUZZ_LIBFUZZER
size_t LLVMFuzzerCustomCrossOver(const uint8_t *data, size_t size, const uint8_t *other, size_t other_size,
                                 uint8_t *out, size_t room, unsigned int seed) {
  static struct vhdx_mutator *m;
  if (!m && !(m = vhdx_mutator_new(0))) return 0;
  m->chance = seed;
  size = vhdx_mutate(m, data, size, other, other_size, room);
  if (size) memcpy(out, m->out, size);
  return size;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned int seed) {
  return LLVMFuzzerCustomCrossOver(data, size, NULL, 0, data, room, seed);
}
#endif
#ifdef VHDX_FUZZ_AFL
void *afl_custom_init(void *afl, unsigned int seed) { return (void)afl, vhdx_mutator_new(seed); }

size_t afl_custom_fuzz(void *m, uint8_t *data, size_t size, uint8_t **out, uint8_t *other, size_t other_size,
                       size_t room) {
  size = vhdx_mutate((struct vhdx_mutator *)m, data, size, other, other_size, room);
  *out = ((struct vhdx_mutator *)m)->out;
  return size;
}

/* How many mutants of a file, each time that afl-fuzz comes to it; the rest of the time is for its own changes. */
#ifndef VHDX_FUZZ_COUNT
#define VHDX_FUZZ_COUNT 128
#endif
unsigned int afl_custom_fuzz_count(void *m, const uint8_t *data, size_t size) {
  return (void)m, (void)data, (void)size, VHDX_FUZZ_COUNT;
}

void afl_custom_deinit(void *m) { vhdx_mutator_free((struct vhdx_mutator *)m); }
#endif
#ifdef __cplusplus
}
#endif

#endif
