// A browser, played by a few lines that keep cookies, follow redirects and press buttons.

/** Visits pages of the workspace until something else than a page of it is reached, which it visits last. */
export class Browser {
  readonly #host: string
  #cookies = new Map<string, string>()

  constructor(host: string) {
    this.#host = host
  }

  async visit(url: string, form?: URLSearchParams): Promise<Response> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const origin = new URL(url).origin
    const reply = await fetch(url, {
      redirect: 'manual',
      headers: { cookie, ...(form ? { origin } : {}) },
      ...(form ? { method: 'POST', body: form } : {}),
    })
    for (const set of reply.headers.getSetCookie()) {
      const [name = '', value = ''] = (set.split(';')[0] ?? '').split('=')
      this.#cookies.set(name, value)
    }
    const location = reply.headers.get('location')
    return location === null ? reply : this.visit(new URL(location, url).href)
  }

  /** Opens a page and presses the last button of its form, the one that says yes. */
  async press(url: string): Promise<Response> {
    const page = await (await this.visit(url)).text()
    const action = /<form[^>]*action="([^"]+)"/.exec(page)?.[1] ?? ''
    const fields = page.matchAll(/<(?:input|button)[^>]*name="([^"]+)"[^>]*value="([^"]*)"/g)
    const form = new URLSearchParams()
    for (const [, name = '', value = ''] of fields) form.set(name, value.replaceAll('&amp;', '&'))
    return this.visit(new URL(action, this.#host).href, form)
  }
}
