// Damaged or foreign data in a log directory, named with its path: a report to the operator, never a client's mistake.

export class StorageFault extends Error {
  override readonly name = 'StorageFault'
  readonly path: string
  readonly reason: string

  constructor(path: string, reason: string) {
    super(`${path} ${reason}`)
    this.path = path
    this.reason = reason
  }
}
