// Prints its real and effective user, its group, and whether it can become root. The image has it
// as a setuid program of root.

#include <stdio.h>
#include <unistd.h>
int main(void) {
  int became = setuid(0);
  printf("%d %d %d %d\n", getuid(), geteuid(), getegid(), became);
}
