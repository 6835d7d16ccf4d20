/* `ruff disasm --ir` and `--asm`: functions compiled for looking at, not for running. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "jit/cpu.h"
#include "jit/jit.h"
#include "jit/policy.h"

static void submit(RfVm *vm, RfWorkers *workers, uint32_t id, RfProto *proto)
{
    RfBuf job = RF_BUF_INIT;
    RfJobLinks links;
    rf_job_make(vm, proto, NULL, true, &job, &links);
    RfJobOptions options = {.opt = (uint8_t)rf_jit_settings()->opt};
    snprintf(options.cpu, sizeof options.cpu, "%s", rf_cpu_level());
    rf_job_set_options(&job, &options);
    rf_workers_submit(workers, id, job.data, job.len, NULL, NULL, NULL);
    rf_job_links_free(&links);
    rf_buf_free(&job);
}

const char *rf_jit_list(RfVm *vm, RfProto *const *protos, size_t count, bool ir, bool assembly, const char *worker,
                        RfJitListing *out)
{
#ifndef RUFF_WITH_JIT
    (void)vm, (void)protos, (void)count, (void)ir, (void)assembly, (void)worker, (void)out, (void)submit;
    return "not built";
#else
    const RfJitSettings *s = rf_jit_settings();
    RfWorkerConfig config = {.jobs = s->jobs,
                             .timeout_ms = s->timeout_ms,
                             .want = (ir ? 1u : 0u) | (assembly ? 2u : 0u),
                             .program = worker,
                             .stress = s->stress_worker};
    RfWorkers *workers = rf_workers_new(&config);
    for (size_t i = 0; i < count; i++) {
        out[i] = (RfJitListing){.reason = RF_REASON_BACKEND_ERROR};
        if (protos[i]->flags & RF_PROTO_ASYNC && !(protos[i]->flags & RF_PROTO_GENERATOR)) {
            out[i].reason = RF_REASON_ASYNC;
        } else {
            submit(vm, workers, (uint32_t)i, protos[i]);
        }
    }
    bool missing = false;
    RfWorkerAnswer answer;
    while (rf_workers_take(workers, true, &answer)) {
        if (answer.id < count) {
            out[answer.id] = (RfJitListing){answer.reason, answer.bytes, answer.ir, answer.assembly};
            missing = missing || answer.reason == RF_REASON_BACKEND_MISSING;
        }
        if (answer.fd >= 0) {
            close(answer.fd);
        }
    }
    rf_workers_free(workers, 0);
    if (!missing) {
        return NULL;
    }
    const char *why = rf_jit_backend_missing();
    return why ? why : "the compile worker does not start";
#endif
}

void rf_jit_listing_free(RfJitListing *listing)
{
    free(listing->ir);
    free(listing->assembly);
    *listing = (RfJitListing){0};
}
