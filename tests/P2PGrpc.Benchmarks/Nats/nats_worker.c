// A client of NATS that is not the bottleneck: the official C library, one process for each side.
// It is told what to do in the same words as the other workers: "go", "rest", "begin", "end", "total", a line each.
//
//   nats_worker publish|subscribe|js-publish|js-subscribe|js-single URL LENGTH
//
// js-publish keeps up to MAX_PENDING messages without an acknowledgement and counts those that are acknowledged;
// js-single waits for each.

#include <nats/nats.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAX_PENDING 4000
#define SUBJECT "bench.messages"
#define STREAM "BENCH"
#define MAX_TIMES 4000000

static atomic_long total, going;
static atomic_long noted;
static double *times;
static natsConnection *connection;
static jsCtx *stream;
static char *payload;
static int length;

static void check(natsStatus status, const char *what) {
    if (status == NATS_OK) return;
    fprintf(stderr, "%s: %s %s\n", what, natsStatus_GetText(status), nats_GetLastError(NULL));
    exit(1);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void wait_for_go(void) {
    while (!atomic_load_explicit(&going, memory_order_relaxed)) usleep(1000);
}

static void note(double seconds) {
    long at = atomic_fetch_add(&noted, 1);
    if (at < MAX_TIMES) times[at] = seconds * 1e6;
}

static void received(natsConnection *c, natsSubscription *s, natsMsg *message, void *closure) {
    (void)c; (void)s; (void)closure;
    atomic_fetch_add_explicit(&total, 1, memory_order_relaxed);
    natsMsg_Destroy(message);
}

static void acknowledged(jsCtx *js, natsMsg *message, jsPubAck *ack, jsPubAckErr *error, void *closure) {
    (void)js; (void)closure;
    if (error != NULL) {
        fprintf(stderr, "not acknowledged: %s\n", error->ErrText != NULL ? error->ErrText : natsStatus_GetText(error->Err));
        exit(1);
    }
    (void)ack;
    atomic_fetch_add_explicit(&total, 1, memory_order_relaxed);
    natsMsg_Destroy(message);
}

static void open_stream(void) {
    jsOptions options;
    check(jsOptions_Init(&options), "options");
    options.PublishAsync.MaxPending = MAX_PENDING;
    options.PublishAsync.StallWait = 30000;
    options.PublishAsync.AckHandler = acknowledged;
    check(natsConnection_JetStream(&stream, connection, &options), "jetstream");
    const char *subjects[1] = {SUBJECT};
    jsStreamConfig config;
    check(jsStreamConfig_Init(&config), "stream options");
    config.Name = STREAM;
    config.Subjects = subjects;
    config.SubjectsLen = 1;
    config.Storage = js_FileStorage;
    jsErrCode code = 0;
    natsStatus status = js_AddStream(NULL, stream, &config, NULL, &code);
    if (status != NATS_OK && code != JSStreamNameExistErr) check(status, "add stream");
}

static void subscribe(void) {
    natsSubscription *subscription;
    check(natsConnection_Subscribe(&subscription, connection, SUBJECT, received, NULL), "subscribe");
    natsSubscription_SetPendingLimits(subscription, -1, -1);
    check(natsConnection_Flush(connection), "flush");
}

static void subscribe_stream(void) {
    jsSubOptions options;
    natsSubscription *subscription;
    jsErrCode code = 0;
    check(jsSubOptions_Init(&options), "subscribe options");
    options.Config.AckPolicy = js_AckNone;
    options.Config.DeliverPolicy = js_DeliverNew;
    check(js_Subscribe(&subscription, stream, SUBJECT, received, NULL, NULL, &options, &code), "subscribe");
    natsSubscription_SetPendingLimits(subscription, -1, -1);
}

static _Noreturn void *publish(void *unused) {
    (void)unused;
    for (;;) {
        wait_for_go();
        check(natsConnection_Publish(connection, SUBJECT, payload, length), "publish");
        atomic_fetch_add_explicit(&total, 1, memory_order_relaxed);
    }
}

static _Noreturn void *publish_stream(void *unused) {
    (void)unused;
    for (;;) {
        wait_for_go();
        check(js_PublishAsync(stream, SUBJECT, payload, length, NULL), "publish");
    }
}

static _Noreturn void *publish_single(void *unused) {
    (void)unused;
    for (;;) {
        wait_for_go();
        jsErrCode code = 0;
        double started = now();
        check(js_Publish(NULL, stream, SUBJECT, payload, length, NULL, &code), "publish");
        note(now() - started);
        atomic_fetch_add(&total, 1);
    }
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double percentile(long count, double share) {
    if (count == 0) return 0;
    long at = (long)(share * (double)count);
    return times[at < count ? at : count - 1];
}

static void serve(void) {
    char line[64];
    long begun = 0;
    double started = now();
    puts("ready");
    fflush(stdout);
    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\n")] = 0;
        if (strcmp(line, "go") == 0) {
            atomic_store(&going, 1);
            puts("going");
        } else if (strcmp(line, "rest") == 0) {
            atomic_store(&going, 0);
            puts("resting");
        } else if (strcmp(line, "begin") == 0) {
            atomic_store(&noted, 0);
            begun = atomic_load(&total);
            started = now();
            puts("begun");
        } else if (strcmp(line, "end") == 0) {
            double seconds = now() - started;
            long count = atomic_load(&total) - begun, latencies = atomic_load(&noted);
            if (latencies > MAX_TIMES) latencies = MAX_TIMES;
            qsort(times, (size_t)latencies, sizeof times[0], by_size);
            printf("count=%ld seconds=%.6f noted=%ld p50=%.1f p99=%.1f p999=%.1f\n", count, seconds, latencies,
                   percentile(latencies, 0.5), percentile(latencies, 0.99), percentile(latencies, 0.999));
        } else if (strcmp(line, "total") == 0) {
            printf("%ld\n", atomic_load(&total));
        }
        fflush(stdout);
    }
}

int main(int count, char **words) {
    if (count != 4) return 2;
    const char *role = words[1];
    length = atoi(words[3]);
    payload = malloc((size_t)length);
    memset(payload, 'x', (size_t)length);
    times = malloc(MAX_TIMES * sizeof times[0]);
    natsOptions *options;
    check(natsOptions_Create(&options), "options");
    check(natsOptions_SetURL(options, words[2]), "url");
    check(natsConnection_Connect(&connection, options), "connect");
    pthread_t thread;
    void *(*loop)(void *) = NULL;
    if (strncmp(role, "js-", 3) == 0) open_stream();
    if (strcmp(role, "publish") == 0) loop = publish;
    else if (strcmp(role, "subscribe") == 0) subscribe();
    else if (strcmp(role, "js-publish") == 0) loop = publish_stream;
    else if (strcmp(role, "js-single") == 0) loop = publish_single;
    else if (strcmp(role, "js-subscribe") == 0) subscribe_stream();
    else return 2;
    if (loop != NULL && pthread_create(&thread, NULL, loop, NULL) != 0) return 1;
    serve();
    // The publishing thread may be in the library: there is nothing to tidy that the end of the process does not.
    _exit(0);
}
