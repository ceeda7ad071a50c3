// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Dense} from "contracts/src/Dense.sol";
import {Proven} from "contracts/src/Proven.sol";

/// @title Pays whoever proves which digit the network reads in an image of 8 x 8 pixels, 0..16 each.
contract Digits {
    error NoQuestion(uint256 number);
    error OtherImage(bytes32 asked, bytes32 given);
    error NotPaid(address payee);

    event Asked(uint256 indexed number, bytes32 image, uint256 reward);
    event Answered(uint256 indexed number, uint256 digit, address payee);

    struct Question {
        bytes32 image;
        uint256 reward;
    }

    /// @dev Public words: 4 of bitmap (10 classes), 19 of input (64 features of 8 bits), the context.
    uint256 private constant BITMAP_WORDS = 4;
    uint256 private constant WORDS = 24;
    uint256 private constant CLASSES = 10;
    Proven.Pin private _pinned;
    Question[] private _questions;

    constructor(address verifier, bytes memory sample) {
        _pinned = Proven.pin(verifier, BITMAP_WORDS, WORDS, sample);
    }

    function ask(int8[] calldata image) external payable returns (uint256 number) {
        number = _questions.length;
        _questions.push(Question(keccak256(abi.encode(image)), msg.value));
        emit Asked(number, _questions[number].image, msg.value);
    }

    function answer(uint256 number, int8[] memory image, uint256 digit, address payee, uint256[] memory bitmap, bytes memory proof)
        external
    {
        Question memory question = number < _questions.length ? _questions[number] : Question(0, 0);
        if (question.image == 0) revert NoQuestion(number);
        if (keccak256(abi.encode(image)) != question.image) revert OtherImage(question.image, keccak256(abi.encode(image)));
        Dense.checkBest(bitmap, CLASSES, digit, (1 << CLASSES) - 1);
        uint256[] memory input = Dense.inputWords(image);
        uint256[] memory words = new uint256[](WORDS);
        for (uint256 i = 0; i < bitmap.length; ++i) words[i] = bitmap[i];
        for (uint256 i = 0; i < input.length; ++i) words[bitmap.length + i] = input[i];
        words[WORDS - 1] = Proven.context(abi.encode(number), payee); // this question, this contract and chain, this payee
        Proven.check(_pinned, words, proof);
        delete _questions[number]; // answered once; before the money leaves
        emit Answered(number, digit, payee);
        (bool paid,) = payee.call{value: question.reward}("");
        if (!paid) revert NotPaid(payee);
    }
}
