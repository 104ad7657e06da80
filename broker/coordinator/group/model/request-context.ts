// What a handler's RequestContext has that groups care for, and what is asked of every heartbeat of a modern member.

export interface GroupRequestContext {
  readonly apiVersion: number
  readonly clientId: string | null
  readonly clientHost: string
}

/** The client as members are described by it; the host in Java's way to print an address that was never a name. */
export function clientOf({ clientId, clientHost }: GroupRequestContext): { clientId: string; clientHost: string } {
  return { clientId: clientId ?? '', clientHost: clientHost.startsWith('/') ? clientHost : `/${clientHost}` }
}

/** Said, but nothing. */
export function isBlank(text: string | null): boolean {
  return text !== null && text.trim() === ''
}
