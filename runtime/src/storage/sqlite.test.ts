import { afterEach } from 'vitest'
import { type JournalLimits, journalLimits } from './journal.ts'
import { openSqlite } from './sqlite.ts'
import { changeRow, cleanUp, later, newFolder } from './sqlite-fixture.ts'
import { describeStorage } from './storage.contract.ts'

afterEach(cleanUp)

function describeSqlite(name: string, limits: JournalLimits): void {
  describeStorage(name, () => {
    const folder = newFolder()
    let store = openSqlite(folder, { limits })
    later(() => store.close())
    const reopen = () => {
      store.close()
      store = openSqlite(folder, { limits })
      return store
    }
    return {
      store,
      crash: reopen,
      failNextCommit: () => store.limitBytes(100_000),
      flipBit(actor, key) {
        store.close()
        changeRow(store.file, actor, key)
        return reopen()
      },
    }
  })
}

describeSqlite('sqlite', journalLimits)
describeSqlite('sqlite that moves one row with each commit', {
  journalBytes: 0,
  moveBytes: 100,
  rowsPerCommit: 1,
})
