// Waits for a condition, with a deadline.

const POLL_MS = 50;

/** Waits until `look` gives something truthy, and gives that. `what` says in the error what did not come. */
export async function until(what, look, withinMs = 15_000) {
  const deadline = Date.now() + withinMs;
  let seen;
  for (;;) {
    try {
      seen = await look();
      if (seen) return seen;
    } catch (error) {
      seen = error;
    }
    if (Date.now() > deadline) {
      const last = seen instanceof Error ? `; last: ${seen.message.split('\n')[0]}` : '';
      throw new Error(`not within ${withinMs / 1000} s: ${what}${last}`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Fails when `look` gives something truthy within this time: for what must not happen. */
export async function never(what, look, forMs) {
  const end = Date.now() + forMs;
  while (Date.now() < end) {
    const seen = await look();
    if (seen) throw new Error(`this must not happen: ${what}: ${JSON.stringify(seen)}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

export function check(condition, message) {
  if (!condition) throw new Error(message);
}
