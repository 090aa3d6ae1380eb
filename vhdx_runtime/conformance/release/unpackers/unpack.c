/* Makes a disk image of a packed one: unpack noise.bin image.packed image.vhdx (README.md has the format).
   C99, nothing but the standard library: cc -O2 -o unpack unpack.c */
#define _POSIX_C_SOURCE 200112L
#define _FILE_OFFSET_BITS 64
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef _WIN32
#define fseeko _fseeki64
#endif
enum { UNIT = 512, HEAD = 16, WINDOW = 65536 };
static unsigned char noise[WINDOW + UNIT], buffer[65536];
static FILE *in, *out;
static const uint64_t LENGTH_MAX = (uint64_t)1 << 47, MADE_MAX = 1 << 28; /* of a file; of it, no literals */

static void need(int condition, const char *why) {
    if (!condition) { fprintf(stderr, "unpack: %s\n", why); exit(1); }
}
static uint64_t number(int size) {
    uint64_t value = 0;
    need(fread(buffer, 1, size, in) == (size_t)size, "the packed file is cut off");
    while (size--) value = value << 8 | buffer[size];
    return value;
}
static void store(unsigned char *at, uint64_t value, int size) { while (size--) *at++ = value & 255, value >>= 8; }

int main(int count, char **name) {
    FILE *file = count == 4 ? fopen(name[1], "rb") : NULL;
    need(file && fread(noise, 1, sizeof noise, file) == sizeof noise, "use: unpack noise.bin image.packed image.vhdx");
    need((in = fopen(name[2], "rb")) && (out = fopen(name[3], "w+b")), "cannot open the files");
    need(fread(buffer, 1, 8, in) == 8 && !memcmp(buffer, "VHDXOPS1", 8), "not a packed image");
    uint64_t length = number(8), made = 0;
    need(length <= LENGTH_MAX, "the file is too long");
    for (int kind; (kind = getc(in)) != EOF;) {
        uint64_t at = number(8), size = number(8), end = at + size, n, tag = 0, block = 0, from = 0, step = 0;
        need(strchr("LCSP", kind) != NULL && kind, "there is no such operation");
        need(at <= length && size <= length - at, "an operation writes past the end of the file");
        need((made += kind == 'L' ? 0 : size) <= MADE_MAX, "too much is made of nothing");
        if (kind == 'P') tag = number(4), block = number(4);
        if (kind != 'L') from = number(8);
        if (kind == 'S') step = number(8);
        need(kind != 'C' || from < at, "a copy of what comes behind it");
        for (fseeko(out, at, SEEK_SET); at < end; at += n) {
            n = end - at < sizeof buffer ? end - at : sizeof buffer;
            if (kind == 'L') need(fread(buffer, 1, n, in) == n, "the packed file is cut off");
            if (kind == 'S') for (uint64_t i = 0; i < n; i += 8, from += step) store(buffer + i, from, 8);
            if (kind == 'C') {
                if (n > at - from) n = at - from; /* what was copied is copied again */
                fseeko(out, from, SEEK_SET), from += n;
                memset(buffer, 0, n); /* what nobody wrote yet is zero */
                need((fread(buffer, 1, n, out) || !ferror(out)) && !fseeko(out, at, SEEK_SET), "cannot read back");
            }
            if (kind == 'P') {
                uint64_t index = from / UNIT, skip = from % UNIT;
                store(buffer, tag, 4), store(buffer + 4, block, 4), store(buffer + 8, index, 8);
                memcpy(buffer + HEAD, noise + (index * 37 + block * 40503 + tag) % WINDOW, UNIT - HEAD);
                memmove(buffer, buffer + skip, n = n < UNIT - skip ? n : UNIT - skip), from += n;
            }
            need(fwrite(buffer, 1, n, out) == n, "cannot write");
        }
    }
    if (length && (fseeko(out, length - 1, SEEK_SET) || getc(out) == EOF))
        need(!fseeko(out, length - 1, SEEK_SET) && putc(0, out) != EOF, "cannot write");
    return fclose(out) ? 1 : 0;
}
