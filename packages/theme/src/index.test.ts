import { describe, expect, it } from 'vitest'
import { chooseLanguage, chooseTheme } from './index.ts'

describe('chooseLanguage', () => {
  it.each([
    [{}, 'en'],
    [{ 'accept-language': 'ja' }, 'ja'],
    [{ 'accept-language': 'fr, ja-JP;q=0.8, en;q=0.9' }, 'en'],
    [{ 'accept-language': 'fr;q=1, ja-JP;q=0.8' }, 'ja'],
    [{ 'accept-language': 'ja;q=0, de' }, 'en'],
    [{ 'accept-language': 'jav' }, 'en'],
    [{ cookie: 'a=b; lakelet_lang=ja', 'accept-language': 'en' }, 'ja'],
    [{ cookie: 'lakelet_lang=tlh', 'accept-language': 'ja' }, 'ja'],
  ])('of %j is %s', (headers, language) => {
    expect(chooseLanguage(headers)).toBe(language)
  })
})

describe('chooseTheme', () => {
  it.each([
    [{}, 'system'],
    [{ cookie: 'lakelet_theme=dark' }, 'dark'],
    [{ cookie: 'lakelet_theme="><script>' }, 'system'],
  ])('of %j is %s', (headers, theme) => {
    expect(chooseTheme(headers)).toBe(theme)
  })
})
