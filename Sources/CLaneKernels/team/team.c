// A team of threads that go through steps together, each step in parts.
//
// A part may be taken once all parts of the steps before are done. So nobody waits for a thread that isn't running, except for the
// part that it holds; whoever comes late finds less to do. Who waits spins for some microseconds, and then leaves the processor
// to others.
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include "CLaneKernels.h"

enum {
    // Going to sleep and waking up take about as long. Threads of a team that has nothing to do must not take the processor from
    // another that has.
    SPIN = 40000,  // nanoseconds
};

struct member { struct lane_team * team; int index; pthread_t thread; };

struct lane_team {
    // The number of the run in the high half, odd while it is being prepared; below it the next part to be taken, counted over all
    // steps, and how many are done.
    _Alignas(64) _Atomic uint64_t next;
    _Alignas(64) _Atomic uint64_t done;
    _Alignas(64) _Atomic uint32_t sleeping;  // threads that wait for `changed`
    _Atomic uint32_t inside;                 // members that may look at the steps
    _Atomic uint32_t part_count;
    _Atomic bool ends;
    const struct lane_step * steps;
    int thread_count;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct member members[];
};

static void pause_briefly(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static int64_t nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

typedef bool condition(struct lane_team * team, uint64_t value);
static bool is_done(struct lane_team * team, uint64_t value) { return (int64_t)(atomic_load(&team->done) - value) >= 0; }
static bool has_work(struct lane_team * team, uint64_t run) {
    const uint64_t now = atomic_load(&team->next) >> 32;
    return atomic_load(&team->ends) || (now != run && now % 2 == 0);
}
static bool is_left(struct lane_team * team, uint64_t value) { return atomic_load(&team->inside) == value; }

static void wait_until(struct lane_team * team, condition * holds, uint64_t value) {
    if (holds(team, value)) return;
    const int64_t end = nanoseconds() + SPIN;
    do {
        for (int i = 0; i < 16; i++) {
            pause_briefly();
            if (holds(team, value)) return;
        }
    } while (nanoseconds() < end);
    pthread_mutex_lock(&team->mutex);
    atomic_fetch_add(&team->sleeping, 1);
    while (!holds(team, value)) pthread_cond_wait(&team->changed, &team->mutex);
    atomic_fetch_sub(&team->sleeping, 1);
    pthread_mutex_unlock(&team->mutex);
}

// After a change that somebody may sleep for: who goes to sleep counts itself before it looks a last time.
static void tell(struct lane_team * team) {
    if (atomic_load(&team->sleeping) == 0) return;
    pthread_mutex_lock(&team->mutex);
    pthread_cond_broadcast(&team->changed);
    pthread_mutex_unlock(&team->mutex);
}

// Takes parts of a run until there are none left. Steps are looked at only while there are.
static void take_parts(struct lane_team * team, int thread, uint64_t run) {
    const struct lane_step * step = NULL, * last = NULL;
    uint32_t first = 0;  // part of the step
    for (;;) {
        uint64_t next = atomic_load(&team->next);
        const uint32_t part = (uint32_t)next;
        if (next >> 32 != run || part >= atomic_load(&team->part_count)) return;
        if (!step) step = team->steps;
        for (; part >= first + step->part_count; step++) first += step->part_count;
        wait_until(team, is_done, run << 32 | first);
        if (!atomic_compare_exchange_strong(&team->next, &next, next + 1)) continue;
        step->function(step->result, (struct lane_share){(int)(part - first), step->part_count, thread, step == last}, step->parameters);
        last = step;
        const uint32_t done = (uint32_t)atomic_fetch_add(&team->done, 1) + 1;
        if (done == first + step->part_count) tell(team);
    }
}

static void * work(void * argument) {
    const struct member * member = argument;
    struct lane_team * team = member->team;
    uint64_t run = 0;
    for (;;) {
        wait_until(team, has_work, run);
        if (atomic_load(&team->ends)) return NULL;
        atomic_fetch_add(&team->inside, 1);
        run = atomic_load(&team->next) >> 32;
        if (run % 2 == 0) take_parts(team, member->index, run);
        atomic_fetch_sub(&team->inside, 1);
        tell(team);
    }
}

struct lane_team * lane_team_new(int thread_count) {
    const size_t size = sizeof(struct lane_team) + thread_count * sizeof(struct member);
    struct lane_team * team = aligned_alloc(64, (size + 63) / 64 * 64);
    if (!team) return NULL;
    *team = (struct lane_team){.thread_count = 1};
    pthread_mutex_init(&team->mutex, NULL);
    pthread_cond_init(&team->changed, NULL);
    for (int i = 1; i < thread_count; i++) {
        struct member * member = &team->members[i];
        *member = (struct member){.team = team, .index = i};
        if (pthread_create(&member->thread, NULL, work, member) != 0) break;  // The others do its parts.
        team->thread_count = i + 1;
    }
    return team;
}

void lane_team_free(struct lane_team * team) {
    if (!team) return;
    atomic_store(&team->ends, true);
    tell(team);
    for (int i = 1; i < team->thread_count; i++) pthread_join(team->members[i].thread, NULL);
    pthread_cond_destroy(&team->changed);
    pthread_mutex_destroy(&team->mutex);
    free(team);
}

void lane_team_forget(struct lane_team * team, const struct lane_step * steps) {
    if (team->steps != steps) return;
    wait_until(team, is_left, 0);
    team->steps = NULL;
}

void lane_team_run(struct lane_team * team, const struct lane_step * steps, long count) {
    uint32_t parts = 0;
    for (long i = 0; i < count; i++) parts += steps[i].part_count;
    const uint32_t run = (uint32_t)(atomic_load(&team->next) >> 32) + 2;
    // Who comes from now on finds nothing to do; who came before has left before other steps take the place of its own.
    atomic_store(&team->next, (uint64_t)(run - 1) << 32);
    if (team->steps != steps) wait_until(team, is_left, 0);
    team->steps = steps;
    atomic_store(&team->part_count, parts);
    atomic_store(&team->done, (uint64_t)run << 32);
    atomic_store(&team->next, (uint64_t)run << 32);
    tell(team);
    take_parts(team, 0, run);
    wait_until(team, is_done, (uint64_t)run << 32 | parts);
}

void lane_step_run(struct ggml_tensor * result, int thread, int thread_count, void * step) {
    const struct lane_step * s = step;
    if (thread_count > s->thread_limit) thread_count = s->thread_limit;
    if (thread < thread_count)
        s->function(result, (struct lane_share){thread, thread_count, thread, false}, s->parameters);
}

void lane_device_step_run(struct ggml_tensor * result, int thread, int thread_count, void * step) {
    (void)thread_count, (void)step;
    float * y = result->data;
    for (long i = 0; thread == 0 && i < ggml_nelements(result); i++) y[i] = __builtin_nanf("");
}
