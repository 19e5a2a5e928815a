/** What becomes of a command whose reader goes away, as `head` does: it ends without a word, as if by SIGPIPE. */

/** 128 + SIGPIPE: what shells report of a program that wrote to a closed pipe. */
const endedByPipe = 141

let goesOn = false

export function endWithReader(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
      if (!goesOn) process.exit(endedByPipe)
    })
  }
}

/** For what has more to do than to print: nodes to end. */
export function outliveReader(): void {
  goesOn = true
}
