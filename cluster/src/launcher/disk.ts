/** A full disk, which may leave no room even for the log that would tell of it. */
import { statfsSync } from 'node:fs'
import { codeOf, Failure } from '../node/failure.ts'

/** What fails for want of room gives some of it back; less than this is not enough to start with. */
const leastBytes = 1024 * 1024

/** What a start on a full disk ends with; undefined where there is room. */
export function noSpaceOn(data: string): Failure | undefined {
  const { bavail, bsize } = statfsSync(data)
  return bavail * bsize < leastBytes ? noSpace(data) : undefined
}

/** The error of a start, for a user who can mend it. */
export function explainDisk(error: unknown, data: string): unknown {
  return codeOf(error) === 'ENOSPC' ? noSpace(data) : error
}

function noSpace(data: string): Failure {
  return new Failure(
    `no space left on the file system of ${data}: make room, or choose another folder with --data`,
  )
}
