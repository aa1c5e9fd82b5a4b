import config from './playwright.config';

/** The pictures of the README: taken, not compared. */
export default { ...config, testMatch: 'pictures.ts', reporter: 'list' as const };
