/** Through here goes all use of a store's file: errors say what was being done, and after a failed write nothing is. */
import { explained } from './sqlite-file.ts'
import { StorageError } from './storage.ts'

export class Guard {
  readonly file: string
  #failed = false

  constructor(file: string) {
    this.file = file
  }

  /** `work` is one durable transaction. After a failure memory may be ahead of the disk, so nothing more is written. */
  write(doing: string, work: () => void): void {
    this.#refuseAfterFailure()
    try {
      work()
    } catch (error) {
      this.#failed = true
      throw explained(error, this.file, doing)
    }
  }

  /** After a failure rows that were being moved are neither here nor there. */
  read<T>(doing: string, work: () => T): T {
    this.#refuseAfterFailure()
    try {
      return work()
    } catch (error) {
      throw explained(error, this.file, doing)
    }
  }

  #refuseAfterFailure(): void {
    if (this.#failed)
      throw new StorageError(`${this.file}: an earlier write failed; the node must be restarted`)
  }
}
