/* The fault table preloads this into nicup: it changes the wall clock and records the peak memory. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* FAULT_CLOCK: seconds to add to the wall clock, one number for each reading; the last one repeats. */
int clock_gettime(clockid_t id, struct timespec *time)
{
    static const char *rest;
    int result = syscall(SYS_clock_gettime, id, time);
    if (result == 0 && id == CLOCK_REALTIME) {
        const char *comma;
        if (!rest)
            rest = getenv("FAULT_CLOCK");
        if (!rest)
            return result;
        time->tv_sec += atoll(rest);
        comma = strchr(rest, ',');
        if (comma)
            rest = comma + 1;
    }
    return result;
}

/* FAULT_PEAK: the file to write VmHWM to, in KiB. */
__attribute__((destructor)) static void note(void)
{
    char line[256];
    const char *path = getenv("FAULT_PEAK");
    FILE *from = path ? fopen("/proc/self/status", "r") : NULL;
    FILE *to = from ? fopen(path, "w") : NULL;
    while (to && fgets(line, sizeof line, from))
        if (strncmp(line, "VmHWM:", 6) == 0)
            fprintf(to, "%d\n", atoi(line + 6));
    if (to)
        fclose(to);
    if (from)
        fclose(from);
}
