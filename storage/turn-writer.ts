// One write a segment and event-loop turn: logs that were appended to in a turn are written at its end, and those that
// want a sync are in the round of group commit that begins then.

import type { GroupCommit } from './group-commit.ts'

export interface TurnWritable {
  writeTurn(): void
}

export class TurnWriter {
  readonly #commits: GroupCommit
  #waiting: TurnWritable[] = []
  readonly #run = (): void => {
    const logs = this.#waiting
    this.#waiting = []
    for (const log of logs) log.writeTurn()
  }

  constructor(commits: GroupCommit) {
    this.#commits = commits
  }

  /** The log calls this once a turn. */
  add(log: TurnWritable): void {
    this.#waiting.push(log)
    if (this.#waiting.length === 1) this.#commits.writeFirst(this.#run)
  }
}
