/** What every client's group must go through, whoever the client is: two members, a third that joins, and dies. */

import type { Test } from 'tap'
import { Member, type Membership } from './member.ts'
import { until } from './target.ts'

export const GROUP_PARTITIONS = 6
const MESSAGES_A_ROUND = 60

type Send = (values: string[]) => Promise<void>

/** `send` spreads values over all partitions of the topic. */
export async function liveAsGroup(t: Test, membership: Membership, send: Send): Promise<void> {
  const sent: string[] = []
  const round = async (name: string) => {
    const values = Array.from({ length: MESSAGES_A_ROUND }, (_, index) => `${name} ${index}`)
    await send(values)
    sent.push(...values)
  }
  const members = await Promise.all([Member.inProcess(membership), Member.inProcess(membership)])
  const killed = await Member.inChild(membership)
  try {
    await round('early')
    await until('three members with two partitions each', () => shares([...members, killed], [2, 2, 2]))
    await round('of three')
    await arrived([...members, killed], sent)
    t.pass('three members share the partitions, and everything arrives')

    await killed.stop()
    killed.assigned = []
    await round('after the kill')
    await until('the others to take over', () => shares(members, [3, 3]), 30_000)
    await arrived([...members, killed], sent)
    t.pass('after the kill of one member the others take over its partitions, with nothing left out')

    await members[1].stop()
    await until('the last one to have all', () => shares(members, [0, 6]))
    await round('for the last')
    await arrived([...members, killed], sent)
    t.pass('when one more leaves, the last has all')
  } finally {
    await Promise.all([...members, killed].map((member) => member.stop()))
  }
  const first = [...members, killed].flatMap((member) => member.messages)
  t.same([...new Set(first)].sort(), [...sent].sort(), 'nothing else arrived')
}

/** True when the members' partitions are all partitions, each once, in such numbers. */
function shares(members: readonly Member[], counts: readonly number[]): boolean {
  const partitions = members.flatMap((member) => member.assigned).sort()
  const found = members.map((member) => member.assigned.length).sort()
  return (
    partitions.length === GROUP_PARTITIONS &&
    new Set(partitions).size === GROUP_PARTITIONS &&
    `${found}` === `${counts}`
  )
}

async function arrived(members: readonly Member[], values: readonly string[]): Promise<void> {
  const missing = () => {
    const found = new Set(members.flatMap((member) => member.messages))
    return values.filter((value) => !found.has(value))
  }
  await until('all messages', () => missing().length === 0).catch((error) => {
    throw new Error(`${missing().length} messages did not arrive, the first: ${missing()[0]}`, { cause: error })
  })
}
