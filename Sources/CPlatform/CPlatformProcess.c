#include "CPlatform.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

int64_t basalt_realtime_microseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

uint64_t basalt_monotonic_nanoseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

void basalt_wait_nanoseconds(uint64_t nanoseconds) {
    struct timespec time = {
        .tv_sec = (time_t)(nanoseconds / 1000000000u), .tv_nsec = (long)(nanoseconds % 1000000000u)};
    clock_nanosleep(CLOCK_MONOTONIC, 0, &time, NULL);
}

int64_t basalt_getrandom(void *bytes, size_t count) {
    ssize_t done = getrandom(bytes, count, 0);
    return done < 0 ? -errno : done;
}

int32_t basalt_raise_file_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return -errno;
    if (limit.rlim_cur == limit.rlim_max) return 0;
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &limit) < 0 ? -errno : 0;
}

int32_t basalt_process_id(void) { return getpid(); }
uint32_t basalt_user_id(void) { return geteuid(); }

int32_t basalt_core_count(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count < 1 ? 1 : (int32_t)count;
}

int64_t basalt_memory_bytes(void) {
    return (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
}

int64_t basalt_host_name(char *name, size_t capacity) {
    if (gethostname(name, capacity) < 0) return -errno;
    return (int64_t)strnlen(name, capacity);
}

const char *basalt_environment(const char *name) { return getenv(name); }

struct basalt_monitor {
    pthread_mutex_t mutex;
    pthread_cond_t condition;
};

struct basalt_monitor *basalt_monitor_make(void) {
    struct basalt_monitor *monitor = malloc(sizeof *monitor);
    if (!monitor) return NULL;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&monitor->mutex, NULL);
    pthread_cond_init(&monitor->condition, &attributes);
    pthread_condattr_destroy(&attributes);
    return monitor;
}

void basalt_monitor_free(struct basalt_monitor *monitor) {
    pthread_cond_destroy(&monitor->condition);
    pthread_mutex_destroy(&monitor->mutex);
    free(monitor);
}

void basalt_monitor_lock(struct basalt_monitor *monitor) { pthread_mutex_lock(&monitor->mutex); }

void basalt_monitor_unlock(struct basalt_monitor *monitor) {
    pthread_mutex_unlock(&monitor->mutex);
}

void basalt_monitor_wait(struct basalt_monitor *monitor) {
    pthread_cond_wait(&monitor->condition, &monitor->mutex);
}

void basalt_monitor_wait_for(struct basalt_monitor *monitor, uint64_t nanoseconds) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    uint64_t total = (uint64_t)until.tv_nsec + nanoseconds;
    until.tv_sec += (time_t)(total / 1000000000u);
    until.tv_nsec = (long)(total % 1000000000u);
    pthread_cond_timedwait(&monitor->condition, &monitor->mutex, &until);
}

void basalt_monitor_signal(struct basalt_monitor *monitor) {
    pthread_cond_signal(&monitor->condition);
}

void basalt_monitor_broadcast(struct basalt_monitor *monitor) {
    pthread_cond_broadcast(&monitor->condition);
}

struct thread_start {
    char name[16];
    void (*body)(void *);
    void *context;
};

static void *run_thread(void *argument) {
    struct thread_start start = *(struct thread_start *)argument;
    free(argument);
    pthread_setname_np(pthread_self(), start.name);
    start.body(start.context);
    return NULL;
}

int32_t basalt_thread_start(
    const char *name, size_t stack_bytes, void (*body)(void *), void *context) {
    struct thread_start *start = malloc(sizeof *start);
    if (!start) return -ENOMEM;
    memset(start->name, 0, sizeof start->name);
    strncpy(start->name, name, sizeof start->name - 1);
    start->body = body;
    start->context = context;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, stack_bytes);
    pthread_t thread;
    int error = pthread_create(&thread, &attributes, run_thread, start);
    pthread_attr_destroy(&attributes);
    if (error) free(start);
    return -error;
}

void basalt_lower_priority(int32_t by) {
    // Linux keeps the value for each thread by itself. A refusal costs speed of others, no more.
    id_t thread = (id_t)gettid();
    (void)setpriority(PRIO_PROCESS, thread, getpriority(PRIO_PROCESS, thread) + by);
}

void basalt_thread_exit(void) { pthread_exit(NULL); }
