/**
 * Where the numbers begin that others see of what an actor asks. In each life elsewhere: an answer to what an earlier
 * life asked can arrive long after it, from a node that was paused, and must be nobody's. `random` is uniform in [0,
 * 1).
 */
export function firstNumber(random: number): number {
  return 1 + Math.floor(random * 2 ** 50)
}
