/*
 * chat_main.h - `kith chat`.
 */
#ifndef KITH_CLI_CHAT_MAIN_H
#define KITH_CLI_CHAT_MAIN_H

struct app;

/* Runs to the end; the exit code. */
int	chat_main(struct app *app);

#endif
