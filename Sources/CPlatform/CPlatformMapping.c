#include "CPlatform.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* As many mappings as the kernel gives one process by default (vm.max_map_count). */
#define MAPPING_SLOTS 65536

static struct {
    _Atomic uintptr_t start;
    _Atomic size_t length;
    /* The number of the last fault in it, from one: zeros stand for a page that could not be read. */
    _Atomic uint64_t fault;
} slots[MAPPING_SLOTS];
static _Atomic uint64_t fault_count;
static _Atomic uint32_t next_slot;
static _Atomic uint32_t used_slots;
static uintptr_t page_bytes;
/* The slot whose page could not be read by this thread, plus one. */
static _Thread_local volatile sig_atomic_t faulted;

static int find(uintptr_t address) {
    uint32_t end = atomic_load(&used_slots);
    for (uint32_t slot = 0; slot < end; slot++) {
        uintptr_t start = atomic_load(&slots[slot].start);
        if (start != 0 && address >= start && address - start < atomic_load(&slots[slot].length))
            return (int)slot;
    }
    return -1;
}

/* Told before the zeros are there: whoever reads them finds the count changed, and by whom. */
static void note(int slot) {
    uint64_t number = atomic_fetch_add(&fault_count, 1) + 1;
    uint64_t last = atomic_load(&slots[slot].fault);
    while (last < number && !atomic_compare_exchange_weak(&slots[slot].fault, &last, number)) {}
}

/* Puts zeros where the file cannot be read, so that the thread can go on and find out. */
static void on_bus_error(int number, siginfo_t *info, void *context) {
    (void)context;
    int saved = errno;
    uintptr_t address = (uintptr_t)info->si_addr;
    int slot = find(address);
    if (slot >= 0) {
        note(slot);
        void *page = (void *)(address & ~(page_bytes - 1));
        void *zeros = mmap(page, page_bytes, PROT_READ,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        if (zeros != MAP_FAILED) {
            faulted = slot + 1;
            errno = saved;
            return;
        }
    }
    /* Not ours: the access is repeated and ends the process as it would have. */
    signal(number, SIG_DFL);
    errno = saved;
}

int32_t basalt_mapping_watch(void) {
    page_bytes = (uintptr_t)sysconf(_SC_PAGESIZE);
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = on_bus_error;
    action.sa_flags = SA_SIGINFO;
    sigemptyset(&action.sa_mask);
    return sigaction(SIGBUS, &action, NULL) < 0 ? -errno : 0;
}

int32_t basalt_mapping_add(const void *start, size_t length) {
    uint32_t first = atomic_fetch_add(&next_slot, 1);
    for (uint32_t step = 0; step < MAPPING_SLOTS; step++) {
        uint32_t slot = (first + step) % MAPPING_SLOTS;
        uintptr_t expected = 0;
        if (atomic_load(&slots[slot].start) != 0) continue;
        /* The start goes in last but one: a slot without length holds no address. */
        if (!atomic_compare_exchange_strong(&slots[slot].start, &expected, (uintptr_t)start))
            continue;
        atomic_store(&slots[slot].length, length);
        uint32_t used = atomic_load(&used_slots);
        while (used <= slot && !atomic_compare_exchange_weak(&used_slots, &used, slot + 1)) {}
        return (int32_t)slot;
    }
    return -1;
}

void basalt_mapping_remove(int32_t slot) {
    if (slot < 0 || slot >= MAPPING_SLOTS) return;
    atomic_store(&slots[slot].length, 0);
    atomic_store(&slots[slot].fault, 0);
    /* Free from here on. */
    atomic_store(&slots[slot].start, 0);
}

uint64_t basalt_mapping_fault_count(void) { return atomic_load(&fault_count); }

uint64_t basalt_mapping_last_fault(int32_t slot) {
    return slot >= 0 && slot < MAPPING_SLOTS ? atomic_load(&slots[slot].fault) : 0;
}

int32_t basalt_mapping_take_fault(void) {
    int32_t slot = (int32_t)faulted - 1;
    faulted = 0;
    return slot;
}
