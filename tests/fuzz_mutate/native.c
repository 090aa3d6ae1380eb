/* Answers requests on standard input with the functions of vhdx_fuzz.h; what they get and give lies in memory of the
   exact size, so that AddressSanitizer sees a byte too many.
   A request: a letter, then seed, limit and the sizes of two inputs (64 bits each, little-endian), then the inputs.
   The answer: a status and a size (64 bits each), then the bytes. */
#include "vhdx_fuzz.h"
#include <stdio.h>

static uint64_t number(void) {
  uint8_t raw[8];
  return fread(raw, 1, 8, stdin) == 8 ? vhdx_word(raw, 8) : UINT64_MAX;
}

static uint8_t *bytes(uint64_t size) {
  uint8_t *raw = (uint8_t *)malloc(size ? size : 1);
  if (!raw || fread(raw, 1, size, stdin) != size) exit(2);
  return raw;
}

static void answer(uint64_t status, const uint8_t *raw, uint64_t size) {
  uint64_t head[2], index;
  head[0] = status, head[1] = size;
  for (index = 0; index < 16; index++) putchar((int)(head[index / 8] >> index % 8 * 8 & 255));
  if (size) fwrite(raw, 1, size, stdout);
  fflush(stdout);
}

static void answer_packed(struct vhdx_image *image, uint64_t limit) {
  uint8_t *out = (uint8_t *)malloc(limit ? limit : 1);
  size_t size = out ? vhdx_pack(image, out, limit) : 0;
  answer(size ? 0 : 1, out, size);
  free(out);
}

int main(void) {
  struct vhdx_image image = {0};
  int letter;
  while ((letter = getchar()) != EOF) {
    uint64_t seed = number(), limit = number(), size = number(), other_size = number();
    uint8_t *data = bytes(size), *other = bytes(other_size);
    int status = letter == 'm' ? 0 : vhdx_unpack(data, size, &image);
    if (letter == 'm') {
      struct vhdx_mutator *m = vhdx_mutator_new(seed);
      size_t made = m ? vhdx_mutate(m, data, size, other_size ? other : NULL, other_size, limit) : 0;
      answer(made ? 0 : 1, m ? m->out : NULL, made);
      vhdx_mutator_free(m);
    } else if (status) {
      answer(1, NULL, 0);
    } else if (letter == 'u') {
      answer(0, image.bytes, image.size);
    } else {
      if (letter == 's') vhdx_reseal(&image);
      answer_packed(&image, limit);
    }
    free(data), free(other);
  }
  vhdx_free(&image);
  return 0;
}
