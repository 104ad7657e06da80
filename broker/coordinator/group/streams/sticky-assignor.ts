// The assignor `sticky`: a task stays with the member that has it, goes to one that has its state, or to the process
// with the least to do, in this order, as long as nobody gets more than its share. Then standby tasks of stateful
// subtopologies, each on another process than the active one, by the same preferences.
//
// Shares shrink as members fill up: when one has the most that it may have, the rest is divided anew among the others,
// so that the last ones are not left with nothing. Source: StickyTaskAssignor of Apache Kafka.

import type { ConfiguredSubtopology } from './configured-topology.ts'
import { LeastFirst } from './least-first.ts'
import { newTask, ProcessState, type Task } from './process-state.ts'
import { NO_OFFSETS, type TaskOffsets } from './task-offsets.ts'
import { eachTask, hasTask, type TaskSets, taskKey } from './tasks.ts'

export interface AssignedMember {
  readonly memberId: string
  readonly processId: string
  /** What it has now. */
  readonly assigned: Pick<TaskSets<ReadonlyMap<string, ReadonlyMap<number, number>>>, 'active' | 'standby'>
  readonly offsets: TaskOffsets | undefined
}

export interface AssignorInput {
  readonly members: readonly AssignedMember[]
  /** In the order of their ids. */
  readonly subtopologies: ReadonlyMap<string, ConfiguredSubtopology>
  readonly standbyReplicas: number
}

/** A member, and its process. */
interface Holder {
  readonly memberId: string
  readonly state: ProcessState
}

/** How many tasks a member may have: what is left, divided by those who have room. */
class Quota {
  #tasks: number
  #members: number
  perMember: number

  constructor(tasks: number, members: number) {
    this.#tasks = tasks
    this.#members = members
    this.perMember = this.#divide()
  }

  /** A member has that many now. */
  onAssigned(count: number): void {
    if (count !== this.perMember) return
    this.#members--
    this.#tasks -= count
    this.perMember = this.#divide()
  }

  #divide(): number {
    return this.#members === 0 ? 0 : Math.ceil(this.#tasks / this.#members)
  }
}

/** The new target of every member, by member id. */
export function assignSticky(input: AssignorInput): Map<string, TaskSets> {
  const assignment = new StickyAssignment(input)
  assignment.assignActive()
  if (input.standbyReplicas > 0) assignment.assignStandby()
  return assignment.targets()
}

class StickyAssignment {
  readonly #input: AssignorInput
  readonly #processes = new Map<string, ProcessState>()
  /** Who has the active task. */
  readonly #formerActive = new Map<string, Holder>()
  /** Who has its state, best first. */
  readonly #formerStandby = new Map<string, Holder[]>()
  readonly #active: Quota
  readonly #all: Quota

  constructor(input: AssignorInput) {
    this.#input = input
    const { members, standbyReplicas } = input
    const active = this.#tasks(() => true).length
    const stateful = this.#tasks(({ isStateful }) => isStateful).length
    this.#active = new Quota(active, members.length)
    this.#all = new Quota(active + stateful * standbyReplicas, members.length)
    const candidates = new Map<string, Candidate[]>()
    for (const member of members) {
      const { memberId, processId } = member
      const state = this.#processes.get(processId) ?? new ProcessState()
      this.#processes.set(processId, state)
      state.addMember(memberId)
      const holder = { memberId, state }
      for (const [subtopologyId, partition] of eachTask(member.assigned.active)) {
        this.#formerActive.set(taskKey(subtopologyId, partition), holder)
      }
      collectCandidates(candidates, member, holder)
    }
    for (const [key, holders] of candidates) {
      holders.sort((a, b) => Number(b.isStandby) - Number(a.isStandby) || compare(b.offset, a.offset))
      this.#formerStandby.set(
        key,
        holders.map(({ holder }) => holder),
      )
    }
  }

  #tasks(isWanted: (subtopology: ConfiguredSubtopology) => boolean): Task[] {
    return [...this.#input.subtopologies].flatMap(([subtopologyId, subtopology]) =>
      isWanted(subtopology)
        ? Array.from({ length: subtopology.taskCount }, (_, partition) => newTask(subtopologyId, partition))
        : [],
    )
  }

  assignActive(): void {
    let tasks = this.#tasks(() => true).sort(byPartition)
    const hasRoom = (holder: Holder | undefined): holder is Holder =>
      holder !== undefined && holder.state.taskCount(holder.memberId) < this.#active.perMember
    const keep = (formerHolder: (task: Task) => Holder | undefined): void => {
      tasks = tasks.filter((task) => {
        const holder = formerHolder(task)
        if (!hasRoom(holder)) return true
        this.#onActive(holder.state.add(holder.memberId, task, 'active'))
        return false
      })
    }
    keep(({ key }) => this.#formerActive.get(key))
    keep(({ key }) => leastLoaded(this.#formerStandby.get(key) ?? [], null))
    const processes = this.#byLoad()
    for (const task of tasks.sort(bySubtopology)) {
      const state = processes.take()
      if (state === undefined) return
      this.#onActive(state.addToLeastLoaded(task, 'active'))
      processes.add(state)
    }
  }

  assignStandby(): void {
    const { standbyReplicas } = this.#input
    const left: [Task, number][] = []
    for (const task of this.#tasks(({ isStateful }) => isStateful).sort((a, b) => byPartition(b, a))) {
      let replicas = standbyReplicas
      while (replicas > 0 && this.#keepStandby(task)) replicas--
      if (replicas > 0) left.push([task, replicas])
    }
    const processes = this.#byLoad()
    for (const [task, replicas] of left.sort(([a], [b]) => bySubtopology(b, a))) {
      // There may not be as many processes as replicas are wanted.
      for (let replica = 0; replica < replicas && this.#giveStandby(task, processes); replica++);
    }
  }

  /** Where its state is already. */
  #keepStandby(task: Task): boolean {
    const hasRoom = ({ state, memberId }: Holder): boolean => state.taskCount(memberId) < this.#all.perMember
    const active = this.#formerActive.get(task.key)
    const standby = leastLoaded(this.#formerStandby.get(task.key) ?? [], task)
    for (const holder of [active, standby]) {
      if (holder === undefined || holder.state.has(task) || !hasRoom(holder)) continue
      this.#all.onAssigned(holder.state.add(holder.memberId, task, 'standby'))
      return true
    }
    return false
  }

  #onActive(count: number): void {
    this.#active.onAssigned(count)
    this.#all.onAssigned(count)
  }

  #byLoad(): LeastFirst<ProcessState> {
    return new LeastFirst(({ load }) => load, this.#processes.values())
  }

  /** To the least loaded process that does not have the task. */
  #giveStandby(task: Task, processes: LeastFirst<ProcessState>): boolean {
    const passedBy: ProcessState[] = []
    let state = processes.take()
    while (state?.has(task)) {
      passedBy.push(state)
      state = processes.take()
    }
    if (state !== undefined) {
      this.#all.onAssigned(state.addToLeastLoaded(task, 'standby'))
      processes.add(state)
    }
    for (const one of passedBy.reverse()) processes.add(one)
    return state !== undefined
  }

  targets(): Map<string, TaskSets> {
    const targets = new Map<string, TaskSets>()
    for (const { shares } of this.#processes.values()) {
      for (const [memberId, { active, standby }] of shares) {
        targets.set(memberId, { active: bySubtopologies(active), standby: bySubtopologies(standby), warmup: new Map() })
      }
    }
    return targets
  }
}

interface Candidate {
  readonly holder: Holder
  readonly isStandby: boolean
  readonly offset: bigint
}

/** Standby tasks first; then state on disk that only its offsets tell of, as a process has that was started again. */
function collectCandidates(candidates: Map<string, Candidate[]>, member: AssignedMember, holder: Holder): void {
  const { assigned, offsets: reported = NO_OFFSETS } = member
  const add = (subtopologyId: string, partition: number, isStandby: boolean, offset: bigint): void => {
    const key = taskKey(subtopologyId, partition)
    const known = candidates.get(key)
    const candidate = { holder, isStandby, offset }
    if (known === undefined) candidates.set(key, [candidate])
    else known.push(candidate)
  }
  for (const [subtopologyId, partition] of eachTask(assigned.standby)) {
    add(subtopologyId, partition, true, reported.offsets.get(subtopologyId)?.get(partition) ?? 0n)
  }
  for (const [subtopologyId, offsets] of reported.offsets) {
    for (const [partition, offset] of offsets) {
      if (!hasTask(assigned.standby, subtopologyId, partition)) add(subtopologyId, partition, false, offset)
    }
  }
}

/** Less than the best so far both as a process and as a member, as Kafka has it; `without`: that lacks this task. */
function leastLoaded(holders: readonly Holder[], without: Task | null): Holder | undefined {
  let best: Holder | undefined
  for (const holder of holders) {
    if (without !== null && holder.state.has(without)) continue
    if (best !== undefined) {
      if (holder.state.load >= best.state.load) continue
      if (holder.state.taskCount(holder.memberId) >= best.state.taskCount(best.memberId)) continue
    }
    best = holder
  }
  return best
}

const compare = (a: bigint | number | string, b: bigint | number | string): number => (a < b ? -1 : a > b ? 1 : 0)

const byPartition = (a: Task, b: Task): number => a.partition - b.partition || compare(a.subtopologyId, b.subtopologyId)

const bySubtopology = (a: Task, b: Task): number =>
  compare(a.subtopologyId, b.subtopologyId) || a.partition - b.partition

function bySubtopologies(tasks: readonly Task[]): Map<string, Set<number>> {
  const grouped = new Map<string, Set<number>>()
  for (const { subtopologyId, partition } of tasks) {
    const partitions = grouped.get(subtopologyId)
    if (partitions === undefined) grouped.set(subtopologyId, new Set([partition]))
    else partitions.add(partition)
  }
  return grouped
}
