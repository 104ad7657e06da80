// Which processes hold which tasks of a streams group, or have yet to give them up. A process may hold a task in one
// role only, in one of its threads, for the threads share the task's state on disk.

import type { StreamsMember } from './streams-member.ts'
import { eachTask, type HeldTasks, type Tasks, taskKey } from './tasks.ts'

const NOBODY: ReadonlySet<string> = new Set()

export class TaskOwners {
  /** Process by task. */
  readonly #active = new Map<string, string>()
  /** Processes by task. */
  readonly #standby = new Map<string, Set<string>>()
  readonly #warmup = new Map<string, Set<string>>()

  active(subtopologyId: string, partition: number): string | undefined {
    return this.#active.get(taskKey(subtopologyId, partition))
  }

  standby(subtopologyId: string, partition: number): ReadonlySet<string> {
    return this.#standby.get(taskKey(subtopologyId, partition)) ?? NOBODY
  }

  warmup(subtopologyId: string, partition: number): ReadonlySet<string> {
    return this.#warmup.get(taskKey(subtopologyId, partition)) ?? NOBODY
  }

  add({ processId, assigned, pendingRevocation }: StreamsMember): void {
    for (const { active, standby, warmup } of [assigned, pendingRevocation]) {
      for (const [subtopologyId, partition] of eachTask(active)) {
        this.#active.set(taskKey(subtopologyId, partition), processId)
      }
      addAll(this.#standby, standby, processId)
      addAll(this.#warmup, warmup, processId)
    }
  }

  remove({ processId, assigned, pendingRevocation }: StreamsMember): void {
    for (const held of [assigned, pendingRevocation]) this.#remove(held, processId)
  }

  #remove({ active, standby, warmup }: HeldTasks, processId: string): void {
    for (const [subtopologyId, partition] of eachTask(active)) {
      const key = taskKey(subtopologyId, partition)
      // Compaction may leave a former owner's record before the one by which it let go.
      if (this.#active.get(key) === processId) this.#active.delete(key)
    }
    removeAll(this.#standby, standby, processId)
    removeAll(this.#warmup, warmup, processId)
  }
}

function addAll(owners: Map<string, Set<string>>, tasks: Tasks, processId: string): void {
  for (const [subtopologyId, partition] of eachTask(tasks)) {
    const key = taskKey(subtopologyId, partition)
    const processes = owners.get(key)
    if (processes === undefined) owners.set(key, new Set([processId]))
    else processes.add(processId)
  }
}

function removeAll(owners: Map<string, Set<string>>, tasks: Tasks, processId: string): void {
  for (const [subtopologyId, partition] of eachTask(tasks)) {
    const key = taskKey(subtopologyId, partition)
    const processes = owners.get(key)
    processes?.delete(processId)
    if (processes?.size === 0) owners.delete(key)
  }
}
