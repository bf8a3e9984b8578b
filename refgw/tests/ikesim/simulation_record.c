#include "refgw/tests/ikesim/simulation_record.h"

#include <inttypes.h>
#include <stdarg.h>

#include "refgw/tests/ikesim/step_words.h"

void simulation_tell(struct simulation *simulation, unsigned host, const char *format, ...)
{
    va_list arguments;
    if (simulation->trace == NULL) {
        return;
    }
    const uint64_t now = simulation->pair->network.now.nanoseconds;
    (void)fprintf(simulation->trace, "# %4" PRIu64 ".%06" PRIu64 " %s ",
                  now / NANOSECONDS_PER_SECOND, now % NANOSECONDS_PER_SECOND / 1000,
                  host < NETWORK_HOSTS ? host_name(host) : "    ");
    va_start(arguments, format);
    (void)vfprintf(simulation->trace, format, arguments);
    va_end(arguments);
    (void)fputc('\n', simulation->trace);
}

void simulation_write_step(struct simulation *simulation, const char *format, ...)
{
    va_list arguments;
    if (simulation->script == NULL) {
        return;
    }
    if (simulation->unwritten_nanoseconds > 0) {
        char text[DURATION_TEXT_SIZE];
        duration_format((struct duration){.nanoseconds = simulation->unwritten_nanoseconds}, text);
        (void)fprintf(simulation->script, "time passes %s\n", text);
        simulation->unwritten_nanoseconds = 0;
    }
    va_start(arguments, format);
    (void)vfprintf(simulation->script, format, arguments);
    va_end(arguments);
    (void)fputc('\n', simulation->script);
}

void simulation_write_setup(struct simulation *simulation)
{
    const struct simulation_setup *setup = &simulation->setup;
    char text[DURATION_TEXT_SIZE];
    if (simulation->script == NULL) {
        return;
    }
    (void)fprintf(simulation->script, "setup {\n    seed %" PRIu64 "\n", setup->seed);
    if (setup->has_nat) {
        (void)fprintf(simulation->script, "    nat west\n");
    }
    for (unsigned host = 0; host < NETWORK_HOSTS; host++) {
        if (setup->liveness[host].nanoseconds > 0) {
            duration_format(setup->liveness[host], text);
            (void)fprintf(simulation->script, "    liveness %s %s\n", host_name(host), text);
        }
        if (setup->ike_lifetime[host].nanoseconds > 0) {
            duration_format(setup->ike_lifetime[host], text);
            (void)fprintf(simulation->script, "    life %s ike %s\n", host_name(host), text);
        }
        if (setup->child_lifetime[host].nanoseconds > 0) {
            duration_format(setup->child_lifetime[host], text);
            (void)fprintf(simulation->script, "    life %s child %s\n", host_name(host), text);
        }
        if (setup->wants_cookies[host]) {
            (void)fprintf(simulation->script, "    cookies %s\n", host_name(host));
        }
        if (setup->fragment_size[host] != 0) {
            (void)fprintf(simulation->script, "    fragments %s %u\n", host_name(host),
                          setup->fragment_size[host]);
        }
        if (setup->ike[host][0] != '\0') {
            (void)fprintf(simulation->script, "    ike %s \"%s\"\n", host_name(host),
                          setup->ike[host]);
        }
        if (setup->esp[host][0] != '\0') {
            (void)fprintf(simulation->script, "    esp %s \"%s\"\n", host_name(host),
                          setup->esp[host]);
        }
    }
    (void)fprintf(simulation->script, "}\n");
}
