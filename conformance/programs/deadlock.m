% A promise that nobody can complete: the program waits for ever, and is told so.
p = promise();
await(p);
