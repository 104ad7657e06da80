// Which quota of a kind holds for a client, by user and client id: the most specific one that is set, and with whom it
// is shared. Source: DefaultQuotaCallback.
//
//   1  user and client          4  any user, client          7  client
//   2  user, any client         5  any user, any client      8  any client
//   3  user, all its clients    6  any user, all its clients
//
// 3 and 6 bound what all clients of one user do together, 7 and 8 what all users of one client id do, the others one
// user's client.

import { textKey } from '../../host/text-key.ts'
import type { MetadataImage } from '../metadata/image.ts'
import { entityKey, type QuotaEntity, quotasOf } from '../metadata/kept.ts'
import { ENTITY } from './names.ts'

/** Clients that are remembered with their bound; beyond them it is looked for anew. */
const MAX_REMEMBERED = 10_000

export interface Bound {
  readonly limit: number
  /** All with the same key share the limit. */
  readonly key: string
}

type Name = string | null | undefined

export class Bounds {
  readonly #limits: ReadonlyMap<string, number>
  readonly #remembered = new Map<string, Bound | null>()

  private constructor(limits: ReadonlyMap<string, number>) {
    this.#limits = limits
  }

  /** Of the quotas of one kind; null when none is set. */
  static of(image: MetadataImage, quota: string): Bounds | null {
    const limits = new Map<string, number>()
    for (const { entity, values } of quotasOf(image)) {
      const limit = values.get(quota)
      if (limit !== undefined) limits.set(entityKey(entity), limit)
    }
    return limits.size === 0 ? null : new Bounds(limits)
  }

  /** null: the client is not bounded. */
  find(user: string, clientId: string): Bound | null {
    const key = textKey(`${user}\u0000${clientId}`)
    let bound = this.#remembered.get(key)
    if (bound === undefined) {
      if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear()
      bound = this.#look(user, clientId)
      this.#remembered.set(key, bound)
    }
    return bound
  }

  /** Of one address. */
  findAddress(ip: string): Bound | null {
    const limit =
      this.#limits.get(entityKey([{ entityType: ENTITY.ip, entityName: ip }])) ??
      this.#limits.get(entityKey([{ entityType: ENTITY.ip, entityName: null }]))
    return limit === undefined ? null : { limit, key: ip }
  }

  #look(user: string, clientId: string): Bound | null {
    for (const ofUser of [user, null, undefined]) {
      for (const ofClient of [clientId, null, undefined]) {
        const limit = this.#limits.get(entityKey(entityOf(ofUser, ofClient)))
        if (limit === undefined) continue
        return {
          limit,
          key: textKey(JSON.stringify([ofUser === undefined ? null : user, ofClient === undefined ? null : clientId])),
        }
      }
    }
    return null
  }
}

function entityOf(user: Name, clientId: Name): QuotaEntity {
  const entity: { entityType: string; entityName: string | null }[] = []
  if (user !== undefined) entity.push({ entityType: ENTITY.user, entityName: user })
  if (clientId !== undefined) entity.push({ entityType: ENTITY.clientId, entityName: clientId })
  return entity
}
