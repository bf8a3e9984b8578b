// log_output.h - where log lines go: standard error, one write per line.
#ifndef REFGW_IO_LOG_OUTPUT_H
#define REFGW_IO_LOG_OUTPUT_H

#include "refgw/base/log.h"

// A line that cannot be written is lost; a gateway does not stop for its log.
void log_output_write(const char *line, size_t size);

#endif
