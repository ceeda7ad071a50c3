// The top of every page: where one can go, whether the server is heard, the wallet, and what one prefers.

import { html, nothing, type TemplateResult } from 'lit-html';
import type { Actions } from '../actions/index.ts';
import { coins, shortHex } from '../format.ts';
import { WALLETCONNECT } from '../kept.ts';
import { pathOf } from '../route.ts';
import type { State, Theme } from '../state.ts';
import { LANGUAGES, type Language, w } from '../words/index.ts';
import { type Drawn, icon } from './dom.ts';

export function header(state: State, act: Actions): TemplateResult {
  const { connection, route } = state;
  // A game that is not there is not waited for.
  const waits = route.page === 'game' && state.absent?.none !== true;
  const heard = !waits || (connection === 'live' && state.game !== null);
  const here = (page: typeof route.page) => (route.page === page ? 'page' : nothing);
  return html`
    <header class="page-top">
      <a class="brand" href=${pathOf({ page: 'front' })} aria-label="Proofmate" aria-current=${here('front')}>
        <svg viewBox="0 0 32 32" aria-hidden="true"><use href="/favicon.svg#mark"></use></svg><span>Proofmate</span>
      </a>
      <nav aria-label=${w.header.navigation}>
        <a href=${pathOf({ page: 'mine' })} aria-current=${here('mine')}>${w.header.mine}</a>
      </nav>
      <span class="spring"></span>
      ${walletMenu(state, act)} ${preferences(state, act)}
    </header>
    <span class=${heard ? `connection ${connection} sr` : `chip connection ${connection}`} role="status">
      ${w.page.connection[connection]}
    </span>
  `;
}

function walletMenu(state: State, act: Actions): Drawn {
  const { wallet, balance, config, wallets } = state;
  const local = config?.local === true;
  const choose = (id: string) => {
    document.getElementById('wallets')?.hidePopover();
    act.useWallet(id);
  };
  return html`
    <button class="wallet-button" popovertarget="wallets" ?disabled=${config === null} @click=${() => act.connectChain()}>
      ${
        wallet === null
          ? html`<span>${w.wallet.connect}</span>`
          : html`<code>${shortHex(wallet.address)}</code><b>${balance === null ? '…' : `${coins(balance)} ETH`}</b>`
      }
    </button>
    <div class="menu card" id="wallets" popover aria-labelledby="title-wallets">
      <h2 id="title-wallets">${w.wallet.title}</h2>
      ${
        local
          ? html`
              <button class="choice" aria-pressed=${wallet?.kind === 'burner'} @click=${() => choose('burner')}>
                ${icon('M12 3c1 4 5 6 5 11a5 5 0 0 1-10 0c0-2 1-3 2-4 0 2 1 3 2 3 1-3-1-6 1-10z')}
                <span>${w.wallet.browser}<small>${w.wallet.browserAbout}</small></span>
              </button>
            `
          : nothing
      }
      ${wallets.map(
        (announced) => html`
          <button class="choice" aria-pressed=${wallet?.id === announced.id} @click=${() => choose(announced.id)}>
            ${announced.icon === null ? icon('M4 7h16v12H4zM4 7l12-3v3M16 13h2') : html`<img class="icon" src=${announced.icon} alt="" />`}
            <span>${announced.name}<small>${w.wallet.extension}</small></span>
          </button>
        `,
      )}
      ${
        config?.walletConnect
          ? html`
              <button class="choice" aria-pressed=${wallet?.id === WALLETCONNECT} @click=${() => choose(WALLETCONNECT)}>
                ${icon('M7 2h10v20H7zM11 18h2')}<span>WalletConnect<small>${w.wallet.app}</small></span>
              </button>
            `
          : nothing
      }
      ${wallets.length === 0 ? html`<p class="fine">${w.wallet.none}</p>${local ? nothing : mobileWallets()}` : nothing}
      ${
        config?.faucet && wallet !== null
          ? html`<button class="quiet" ?disabled=${state.task !== null} @click=${() => act.fund()}>${w.wallet.fund}</button>`
          : nothing
      }
    </div>
  `;
}

/** Wallet apps that open a page in their own browser, which has the wallet. */
function mobileWallets(): Drawn {
  const { host, pathname, href } = location;
  const links: [name: string, href: string][] = [
    ['MetaMask', `https://metamask.app.link/dapp/${host}${pathname}`],
    ['Coinbase Wallet', `https://go.cb-w.com/dapp?cb_url=${encodeURIComponent(href)}`],
    ['Trust Wallet', `https://link.trustwallet.com/open_url?coin_id=60&url=${encodeURIComponent(href)}`],
  ];
  return html`
    <p class="fine">${w.wallet.inApp}</p>
    ${links.map(([name, to]) => html`<a class="choice" href=${to} rel="noreferrer noopener">${icon('M7 2h10v20H7zM11 18h2')}<span>${name}</span></a>`)}
  `;
}

function preferences(state: State, act: Actions): Drawn {
  const themes: readonly Theme[] = ['auto', 'light', 'dark'];
  return html`
    <button class="quiet square" popovertarget="preferences" aria-label=${w.header.preferences} title=${w.header.preferences}>
      ${icon('M4 7h10M18 7h2M4 17h2M10 17h10M16 5v4M8 15v4')}
    </button>
    <div class="menu card" id="preferences" popover aria-labelledby="title-preferences">
      <h2 id="title-preferences">${w.header.preferences}</h2>
      <label class="row">
        <span>${w.page.language}</span>
        <select id="language" @change=${(e: Event) => act.setLanguage((e.target as HTMLSelectElement).value as Language)}>
          ${LANGUAGES.map(([code, name]) => html`<option value=${code} lang=${code} ?selected=${code === state.language}>${name}</option>`)}
        </select>
      </label>
      <label class="row">
        <span>${w.header.theme}</span>
        <select id="theme" @change=${(e: Event) => act.setTheme((e.target as HTMLSelectElement).value as Theme)}>
          ${themes.map((theme) => html`<option value=${theme} ?selected=${theme === state.theme}>${w.header.themes[theme]}</option>`)}
        </select>
      </label>
      <a href=${pathOf({ page: 'glossary' })}>${w.header.glossary}</a>
    </div>
  `;
}
