#include "CPlatform.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

static inline uint64_t load64(const uint8_t *bytes) {
    uint64_t value;
    memcpy(&value, bytes, 8);
    return value;
}

static inline uint32_t load32(const uint8_t *bytes) {
    uint32_t value;
    memcpy(&value, bytes, 4);
    return value;
}

// CRC32C, reflected polynomial 0x82F63B78. Slicing by eight; little-endian machines only.

static uint32_t table[8][256];
// How a register changes when BLOCK zero bytes follow: joins the three streams below.
enum { BLOCK = 1024 };
static uint32_t shift[4][256];
static int has_instruction;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static uint32_t after_zeros(uint32_t crc, size_t count) {
    while (count--) crc = table[0][crc & 0xff] ^ (crc >> 8);
    return crc;
}

static void prepare(void) {
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (crc & 1 ? 0x82F63B78u : 0);
        table[0][byte] = crc;
    }
    for (uint32_t byte = 0; byte < 256; byte++)
        for (int slice = 1; slice < 8; slice++) {
            uint32_t before = table[slice - 1][byte];
            table[slice][byte] = table[0][before & 0xff] ^ (before >> 8);
        }
    for (int place = 0; place < 4; place++)
        for (uint32_t byte = 0; byte < 256; byte++)
            shift[place][byte] = after_zeros(byte << (8 * place), BLOCK);
#if defined(__x86_64__)
    has_instruction = __builtin_cpu_supports("sse4.2") != 0;
#endif
}

static uint32_t by_table(uint32_t crc, const uint8_t *bytes, size_t count) {
    for (; count >= 8; bytes += 8, count -= 8) {
        uint64_t word = load64(bytes) ^ crc;
        crc = table[7][word & 0xff] ^ table[6][(word >> 8) & 0xff] ^
              table[5][(word >> 16) & 0xff] ^ table[4][(word >> 24) & 0xff] ^
              table[3][(word >> 32) & 0xff] ^ table[2][(word >> 40) & 0xff] ^
              table[1][(word >> 48) & 0xff] ^ table[0][word >> 56];
    }
    while (count--) crc = table[0][(crc ^ *bytes++) & 0xff] ^ (crc >> 8);
    return crc;
}

#if defined(__x86_64__)
static inline uint32_t shifted(uint32_t crc) {
    return shift[0][crc & 0xff] ^ shift[1][(crc >> 8) & 0xff] ^ shift[2][(crc >> 16) & 0xff] ^
           shift[3][crc >> 24];
}

// Three independent streams hide the instruction's latency of three cycles.
__attribute__((target("sse4.2"))) static uint32_t by_instruction(
    uint32_t crc, const uint8_t *bytes, size_t count) {
    for (; count >= 3 * BLOCK; bytes += 3 * BLOCK, count -= 3 * BLOCK) {
        uint64_t a = crc, b = 0, c = 0;
        for (size_t at = 0; at < BLOCK; at += 8) {
            a = _mm_crc32_u64(a, load64(bytes + at));
            b = _mm_crc32_u64(b, load64(bytes + BLOCK + at));
            c = _mm_crc32_u64(c, load64(bytes + 2 * BLOCK + at));
        }
        crc = shifted(shifted((uint32_t)a) ^ (uint32_t)b) ^ (uint32_t)c;
    }
    uint64_t wide = crc;
    for (; count >= 8; bytes += 8, count -= 8) wide = _mm_crc32_u64(wide, load64(bytes));
    crc = (uint32_t)wide;
    while (count--) crc = _mm_crc32_u8(crc, *bytes++);
    return crc;
}
#endif

uint32_t basalt_crc32c_table(uint32_t seed, const void *bytes, size_t count) {
    pthread_once(&once, prepare);
    return ~by_table(~seed, bytes, count);
}

uint32_t basalt_crc32c(uint32_t seed, const void *bytes, size_t count) {
    pthread_once(&once, prepare);
#if defined(__x86_64__)
    if (has_instruction) return ~by_instruction(~seed, bytes, count);
#endif
    return ~by_table(~seed, bytes, count);
}

// xxh64, after the published description of the algorithm.

static const uint64_t P1 = 0x9E3779B185EBCA87u, P2 = 0xC2B2AE3D27D4EB4Fu,
                      P3 = 0x165667B19E3779F9u, P4 = 0x85EBCA77C2B2AE63u,
                      P5 = 0x27D4EB2F165667C5u;

static inline uint64_t rotate(uint64_t value, int by) {
    return (value << by) | (value >> (64 - by));
}

static inline uint64_t round64(uint64_t lane, uint64_t word) {
    return rotate(lane + word * P2, 31) * P1;
}

static inline uint64_t merge(uint64_t hash, uint64_t lane) {
    return (hash ^ round64(0, lane)) * P1 + P4;
}

uint64_t basalt_xxh64(uint64_t seed, const void *start, size_t count) {
    const uint8_t *bytes = start, *end = bytes + count;
    uint64_t hash;
    if (count >= 32) {
        uint64_t a = seed + P1 + P2, b = seed + P2, c = seed, d = seed - P1;
        for (; end - bytes >= 32; bytes += 32) {
            a = round64(a, load64(bytes));
            b = round64(b, load64(bytes + 8));
            c = round64(c, load64(bytes + 16));
            d = round64(d, load64(bytes + 24));
        }
        hash = rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18);
        hash = merge(merge(merge(merge(hash, a), b), c), d);
    } else {
        hash = seed + P5;
    }
    hash += count;
    for (; end - bytes >= 8; bytes += 8)
        hash = rotate(hash ^ round64(0, load64(bytes)), 27) * P1 + P4;
    if (end - bytes >= 4) {
        hash = rotate(hash ^ load32(bytes) * P1, 23) * P2 + P3;
        bytes += 4;
    }
    while (bytes < end) hash = rotate(hash ^ *bytes++ * P5, 11) * P1;
    hash = (hash ^ (hash >> 33)) * P2;
    hash = (hash ^ (hash >> 29)) * P3;
    return hash ^ (hash >> 32);
}
