// Small things that views share.

import { html, noChange, nothing, type TemplateResult } from 'lit-html';
import { Directive, directive, type ElementPart } from 'lit-html/directive.js';

class Share extends Directive {
  render(_share: number) {
    return noChange;
  }

  override update(part: ElementPart, [share]: [number]) {
    (part.element as HTMLElement).style.setProperty('--share', String(Math.max(0, Math.min(1, share))));
    return noChange;
  }
}

/** Sets --share (0..1) of an element: the length of a bar. Through the object model, as the page's CSP wants it. */
export const share = directive(Share);

export type Drawn = TemplateResult | typeof nothing;

export const card = (name: string, title: string, body: unknown, aside: unknown = nothing): TemplateResult => html`
  <section class="card ${name}" aria-labelledby="title-${name}">
    <header><h2 id="title-${name}">${title}</h2>${aside}</header>
    ${body}
  </section>
`;

/** A link to another document of the server or an explorer. */
export const link = (href: string, text: unknown): TemplateResult =>
  html`<a href=${href} target="_blank" rel="noreferrer noopener">${text}</a>`;

/** A picture on a button; its meaning is the button's label. */
export const icon = (path: string): TemplateResult =>
  html`<svg class="sign" viewBox="0 0 24 24" aria-hidden="true"><path d=${path} /></svg>`;

/** For lit's `ref`: opens a dialog as soon as it is in the page; `place` is called just before. */
export const opening =
  (place: (dialog: HTMLDialogElement) => void = () => {}) =>
  (element: Element | undefined): void => {
    if (!(element instanceof HTMLDialogElement) || element.open) return;
    queueMicrotask(() => {
      if (!element.isConnected || element.open) return;
      place(element);
      element.showModal();
    });
  };

class Place extends Directive {
  render(_row: number, _column: number) {
    return noChange;
  }

  override update(part: ElementPart, [row, column]: [number, number]) {
    (part.element as HTMLElement).style.gridArea = `${row} / ${column}`;
    return noChange;
  }
}

/** Puts an element into a cell of its grid; rows and columns count from 1. */
export const place = directive(Place);
