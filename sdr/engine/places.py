"""Places that are known without asking: the larger cities, the states and what people call them."""

from sdr.engine.words import words_in

CITIES = frozenset(
    name.strip()
    for name in """
almirante tamandare, americana, ananindeua, anapolis, angra dos reis, aparecida de goiania, aracaju, arapiraca,
araraquara, araucaria, balneario camboriu, barueri, bauru, belem, belford roxo, belo horizonte, bertioga, betim,
bh, biguacu, blumenau, boa vista, brasilia, cabo, cabo frio, cachoeiro, camacari, camaragibe, campina grande,
campinas, campo grande, campo largo, campos, canoas, carapicuiba, cariacica, caruaru, cascavel, caucaia, caxias
do sul, chapeco, colombo, contagem, cotia, criciuma, cubatao, cuiaba, curitiba, df, diadema, divinopolis,
dourados, duque de caxias, embu, embu das artes, fazenda rio grande, feira de santana, ferraz, florianopolis,
floripa, fortaleza, foz do iguacu, franca, goiania, governador valadares, gravatai, guarapari, guaruja,
guarulhos, hortolandia, ibirite, igarassu, ilheus, imperatriz, indaiatuba, ipatinga, itaborai, itabuna, itajai,
itanhaem, itapevi, itaquaquecetuba, itatiba, jaboatao, jaboatao dos guararapes, jaguariuna, joao pessoa,
joinville, juazeiro, juazeiro do norte, juiz de fora, jundiai, lagoa santa, lauro de freitas, limeira, linhares,
londrina, macae, macapa, maceio, mage, manaus, maraba, maracanau, marica, marilia, maringa, maua, mesquita, mogi
das cruzes, mongagua, monte mor, montes claros, mossoro, natal, nilopolis, niteroi, nova friburgo, nova iguacu,
nova lima, nova odessa, novo hamburgo, olinda, osasco, palhoca, palmas, parnamirim, passo fundo, paulinia,
paulista, pelotas, peruibe, petrolina, petropolis, pinhais, piracicaba, poa, ponta grossa, porto alegre, porto
velho, praia grande, presidente prudente, recife, ribeirao das neves, ribeirao preto, rio branco, rio de
janeiro, rio grande, rj, rondonopolis, sabara, salvador, sampa, santa barbara, santa luzia, santa maria,
santarem, santo andre, santos, sao bernardo, sao bernardo do campo, sao caetano, sao carlos, sao goncalo, sao
jose, sao jose do rio preto, sao jose dos campos, sao jose dos pinhais, sao leopoldo, sao luis, sao paulo, sao
vicente, serra, sete lagoas, sinop, sobral, sorocaba, sp, sp capital, sumare, suzano, taboao da serra, taubate,
teresina, teresopolis, uberaba, uberlandia, valinhos, varzea grande, vespasiano, viamao, vila velha, vinhedo,
vitoria, vitoria da conquista, volta redonda
""".replace("\n", " ").split(",")
)  # fmt: skip
STATES = words_in("""
acre alagoas amapa amazonas bahia ceara goias maranhao parana paraiba para pernambuco piaui rondonia roraima
sergipe tocantins minas gaucho mineiro
""") - {"para"}
